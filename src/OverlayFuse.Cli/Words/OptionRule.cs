using System.Text.Json;

namespace OverlayFuse.Cli.Words;

internal enum OptionAction
{
    /// <summary>Does what it says.</summary>
    Taken,

    /// <summary>Is passed on to the mount itself.</summary>
    Mount,

    /// <summary>Is accepted and does nothing: things are so in any case, or no harm is done without it.</summary>
    Accepted,

    /// <summary>Is refused: it would change what people get, and is not there yet.</summary>
    Refused,
}

/// <summary>One row of the option table.</summary>
/// <param name="Name">As written, without '='.</param>
/// <param name="Value">The form of the value after '=': empty for none, "[...]" if it may be left out.</param>
/// <param name="Action">What the program does with it.</param>
/// <param name="Text">What the option does, why it is accepted, or what to write instead.</param>
internal sealed record OptionRule(string Name, string Value, OptionAction Action, string Text) : IJsonObject
{
    /// <summary>Puts the value ("" without one) into the settings. Throws <see cref="UsageException"/>.</summary>
    public Action<MountSettings, string>? Apply { get; init; }

    /// <summary>The values that ask for what is done in any case. Any other value is refused.</summary>
    public IReadOnlyList<string>? AcceptedValues { get; init; }

    /// <exception cref="UsageException">The value is wrong, or the option is refused.</exception>
    public void Use(MountSettings settings, RawOption option)
    {
        if (Action == OptionAction.Refused)
            throw new UsageException($"option {option}: not there yet; {Text}");
        CheckPresence(option);
        if (AcceptedValues is not null && !AcceptedValues.Contains(option.Value ?? ""))
        {
            string forms = string.Join(" or ", AcceptedValues.Where(v => v.Length > 0).Select(v => $"{Name}={v}"));
            throw new UsageException(
                $"option {option}: {(option.Value is null ? "this" : $"the value '{option.Value}'")} is not there yet; " +
                $"write {forms}, or leave it out ({Text})");
        }
        Apply?.Invoke(settings, option.Value ?? "");
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteString("name", Name);
        json.WriteString("value", Value);
        json.WriteString("use", Action switch
        {
            OptionAction.Taken => "taken",
            OptionAction.Mount => "mount",
            OptionAction.Accepted => "accepted",
            _ => "refused",
        });
        json.WriteString("text", Text);
    }

    private void CheckPresence(RawOption option)
    {
        if (Value.Length == 0 && option.Value is not null)
            throw new UsageException($"option {option}: takes no value; write {Name}");
        if (Value.Length > 0 && Value[0] != '[' && string.IsNullOrEmpty(option.Value))
            throw new UsageException($"option {Name}: a value is missing; write {Name}={Value}");
    }
}
