namespace OverlayFuse.Mount.Tests.Features;

/// <summary>
/// Marks a static method that takes a <see cref="Stage"/> as a row of the feature table: its body demands the rule on whichever program the
/// stage has.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FeatureAttribute(string text) : Attribute
{
    /// <summary>The row's first column.</summary>
    public string Text { get; } = text;

    /// <summary>
    /// What the body must find on the kernel's overlayfs; not <see cref="Answer.Yes"/> where only userspace overlays have the feature.
    /// </summary>
    public Answer OnKernel { get; init; } = Answer.Yes;
}

/// <summary>The heading over the rows of a class.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class FeatureGroupAttribute(string title) : Attribute
{
    public string Title { get; } = title;
}

internal enum Answer
{
    /// <summary>Every point of the body holds.</summary>
    Yes,

    /// <summary>Some points hold.</summary>
    Partly,

    No,

    /// <summary>The question has no meaning for this program.</summary>
    NotApplicable,
}

/// <summary>What a body found, with the points that failed.</summary>
internal sealed record Verdict(Answer Answer, IReadOnlyList<string> Failures)
{
    /// <summary>As the table shows it.</summary>
    public string Text => Show(Answer);

    public static string Show(Answer answer) => answer switch
    {
        Answer.Yes => "yes",
        Answer.Partly => "partly",
        Answer.No => "no",
        _ => "–",
    };
}

/// <summary>A row: its place in the table and its body.</summary>
internal sealed record Feature(string Group, string Text, Answer OnKernel, string Name, Action<Stage> Body)
{
    public override string ToString() => Name;

    public Verdict RunOn(OverlayProgram program)
    {
        using var stage = new Stage(program);
        return stage.Judge(Body);
    }
}
