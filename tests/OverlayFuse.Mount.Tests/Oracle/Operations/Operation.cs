namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>
/// One step of a scenario: POSIX calls on a mount. A record of plain values, so that it prints as the C# that makes it
/// (<see cref="CSharpText"/>) and a sequence can be shrunk by leaving steps out.
/// </summary>
internal abstract record Operation
{
    /// <summary>Does it and says all that a user can observe: a result, an errno's name, data.</summary>
    public abstract string Run(Session session);

    /// <summary>The operation itself, without the wrappers that say who does it.</summary>
    public virtual Operation Core => this;

    public sealed override string ToString() => CSharpText.Of(this);
}
