namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>
/// Has the kernel offer FUSE over io_uring, or not, for as long as it lives: fuse.enable_uring belongs to the whole machine.
/// </summary>
internal sealed class RingSwitch : IDisposable
{
    private const string Parameter = "/sys/module/fuse/parameters/enable_uring";

    private readonly string? _before;

    /// <param name="isOn">What to write.</param>
    internal RingSwitch(bool isOn)
    {
        try
        {
            string before = File.ReadAllText(Parameter);
            File.WriteAllText(Parameter, isOn ? "1" : "0");
            _before = before;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Linux before 6.14 does not know it, and /sys may be read-only.
            if (isOn)
                Assert.Ignore("FUSE over io_uring cannot be turned on here: " + exception.Message);
        }
    }

    public void Dispose()
    {
        if (_before is not null)
            File.WriteAllText(Parameter, _before);
    }
}
