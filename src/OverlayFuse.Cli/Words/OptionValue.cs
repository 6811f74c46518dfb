using System.Globalization;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>Reads the values of options that have a choice or a number.</summary>
internal static class OptionValue
{
    /// <exception cref="UsageException">The value is not a whole number, or out of range.</exception>
    public static int Number(string name, string value, int least, int most)
    {
        // fuse-overlayfs' own default is written 1000000000.0
        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number >= least && number <= most && number == Math.Floor(number))
            return (int)number;
        throw new UsageException($"option {name}={value}: not a whole number from {least} to {most}; write one of those");
    }

    /// <exception cref="UsageException">The value is not a number, or less than nothing.</exception>
    public static TimeSpan Seconds(string name, string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds <= int.MaxValue
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"option {name}={value}: not a number of seconds; write one from 0 to {int.MaxValue}, such as 0.5");

    /// <exception cref="UsageException">The value is neither on nor off.</exception>
    public static bool OnOff(string name, string value) => value switch
    {
        "on" => true,
        "off" => false,
        _ => throw new UsageException($"option {name}={value}: not there; write {name}=on or {name}=off"),
    };

    /// <summary>off means follow: the kernel is built that way (redirect_always_follow=Y).</summary>
    public static RedirectMode Redirect(string value) => value switch
    {
        "on" => RedirectMode.On,
        "follow" or "off" => RedirectMode.Follow,
        "nofollow" => RedirectMode.NoFollow,
        _ => throw new UsageException($"option redirect_dir={value}: not there; write redirect_dir=on, follow, nofollow or off"),
    };

    /// <exception cref="UsageException">The value is none of the three.</exception>
    public static bool Xino(string value) => value switch
    {
        "on" => true,
        "off" or "auto" => false,
        _ => throw new UsageException($"option xino={value}: not there; write xino=off, auto or on"),
    };

    /// <exception cref="UsageException">The value is none of the four.</exception>
    public static IoMode Io(string value) => value switch
    {
        "auto" => IoMode.Auto,
        "stateless" => IoMode.Stateless,
        "open" => IoMode.Open,
        "passthrough" => IoMode.Passthrough,
        _ => throw new UsageException($"option io={value}: not there; write io=auto, stateless, open or passthrough"),
    };

    /// <exception cref="UsageException">The value is none of the two.</exception>
    public static bool CopyUp(string value) => value switch
    {
        "whole" => false,
        "incremental" => true,
        _ => throw new UsageException($"option copyup={value}: not there; write copyup=whole or incremental"),
    };

    /// <summary>The word of a mode after io=.</summary>
    public static string Word(IoMode mode) => mode switch
    {
        IoMode.Auto => "auto",
        IoMode.Stateless => "stateless",
        IoMode.Open => "open",
        _ => "passthrough",
    };

    /// <exception cref="UsageException">The value is none of the three.</exception>
    public static VerityMode Verity(string value) => value switch
    {
        "on" => VerityMode.On,
        "off" => VerityMode.Off,
        "require" => VerityMode.Require,
        _ => throw new UsageException($"option verity={value}: not there; write verity=on, off or require"),
    };

    /// <exception cref="UsageException">The value is none of the four.</exception>
    public static UuidMode Uuid(string value) => value switch
    {
        "auto" => UuidMode.Auto,
        "on" => UuidMode.On,
        "off" or "null" => UuidMode.Off,
        _ => throw new UsageException($"option uuid={value}: not there; write uuid=auto, on, off or null"),
    };

    /// <summary>volatile is an option, too.</summary>
    /// <exception cref="UsageException">The value is none of the five.</exception>
    public static FsyncMode Fsync(string value) => value switch
    {
        "auto" or "1" or "volatile" => FsyncMode.Auto,
        "strict" => FsyncMode.Strict,
        "0" => FsyncMode.Off,
        _ => throw new UsageException(
            $"option fsync={value}: not there; write fsync=auto (copied-up files keep their data over a crash), strict, "
            + "or volatile or 0 (nothing is synced)"),
    };

    /// <exception cref="UsageException">The value is not an id.</exception>
    public static uint Id(string name, string value) =>
        uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id != uint.MaxValue
            ? id
            : throw new UsageException($"option {name}={value}: not an id from 0 to {uint.MaxValue - 1}; write one of those");

    /// <exception cref="UsageException">The value is neither 0 nor 1.</exception>
    public static bool Switch(string name, string value) => value switch
    {
        "0" => false,
        "1" or "" => true,
        _ => throw new UsageException($"option {name}={value}: neither 0 nor 1; write one of those"),
    };
}
