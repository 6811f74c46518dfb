namespace OverlayFuse.Cli.Words;

internal enum OptionAction
{
    /// <summary>Does what it says.</summary>
    Taken,

    /// <summary>Goes on to the mount itself.</summary>
    Mount,

    /// <summary>Accepted because things are so anyhow, or because it can do no harm to leave it out.</summary>
    Accepted,

    /// <summary>Refused: would change what people get, and is not there yet.</summary>
    Refused,
}

/// <summary>One line of the option table.</summary>
/// <param name="Name">As written, without '='.</param>
/// <param name="Value">What follows '=': empty for none, "[...]" when it may be left out.</param>
/// <param name="Action">What we do with it.</param>
/// <param name="Text">What it does; why it is accepted; what to do instead.</param>
internal sealed record OptionRule(string Name, string Value, OptionAction Action, string Text)
{
    /// <summary>Puts the value ("" without one) into the settings; throws <see cref="UsageException"/>.</summary>
    public Action<MountSettings, string>? Apply { get; init; }

    /// <summary>The values that say what we do anyhow; any other is refused.</summary>
    public IReadOnlyList<string>? AcceptedValues { get; init; }

    /// <exception cref="UsageException">The value is wrong, or the option is refused.</exception>
    public void Use(MountSettings settings, RawOption option)
    {
        if (Action == OptionAction.Refused)
            throw new UsageException($"option {option}: not there yet; {Text}");
        CheckPresence(option);
        if (AcceptedValues is not null && !AcceptedValues.Contains(option.Value ?? ""))
            throw new UsageException(
                $"option {option}: {(option.Value is null ? "this" : $"the value '{option.Value}'")} is not there yet; " +
                $"write {string.Join(" or ", AcceptedValues.Where(v => v.Length > 0).Select(v => $"{Name}={v}"))}, or leave it out ({Text})");
        Apply?.Invoke(settings, option.Value ?? "");
    }

    private void CheckPresence(RawOption option)
    {
        if (Value.Length == 0 && option.Value is not null)
            throw new UsageException($"option {option}: takes no value; write {Name}");
        if (Value.Length > 0 && Value[0] != '[' && string.IsNullOrEmpty(option.Value))
            throw new UsageException($"option {Name}: a value is missing; write {Name}={Value}");
    }
}
