using System.Globalization;
using System.Text.RegularExpressions;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>Counts by strace what each layer costs a mount, up to mount(2). docs/decisions/start.md names the calls.</summary>
internal sealed partial class MountCallTests
{
    private const int Few = 8, Many = 72;

    /// <summary>Four calls check a layer, two open it, two look for marks, and one in some layers gets memory.</summary>
    private const double MostForALayer = 9.5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public void Mount_WithManyLayersBesideEachOther_TakesFewCallsForEach()
    {
        using var sandbox = Sandbox.OnDisk();
        string[] few = CallsUntilMounted(sandbox, Few), many = CallsUntilMounted(sandbox, Many);
        double each = 1.0 * (many.Length - few.Length) / (Many - Few);
        Assert.That(each, Is.InRange(1, MostForALayer), string.Join(' ', many.GroupBy(call => call)
            .OrderByDescending(calls => calls.Count()).Take(14).Select(calls => $"{calls.Key} {calls.Count()}")));
        Assert.That(many.Count(call => call == "open_tree"), Is.EqualTo(few.Count(call => call == "open_tree")), "one clone for all");
    }

    /// <summary>The names of the calls. strace runs beside the program (-D), so that the program is ours and the mount returns.</summary>
    private static string[] CallsUntilMounted(Sandbox sandbox, int layers)
    {
        string place = layers.ToString(CultureInfo.InvariantCulture);
        string log = sandbox.PathOf(place + ".log"), traced = sandbox.PathOf(place + ".sh");
        File.WriteAllText(traced, $"#!/bin/sh\nexec strace -D -f -s 0 -o {log} {ProgramUnderTest.Path} \"$@\"\n");
        File.SetUnixFileMode(traced, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string[] lowers = [.. Enumerable.Range(0, layers).Select(layer => sandbox.MakeDirectory(place, "layers", $"{layer}"))];
        var options = new OverlayOptions(lowers, sandbox.MakeDirectory(place, "upper"), sandbox.MakeDirectory(place, "work"));
        using (FuseOverlay.Mount(traced, options, sandbox.MakeDirectory(place, "merged")))
        {
            string[] lines = [];
            Assert.That(() => (lines = File.ReadAllLines(log)).Any(line => MountCall().IsMatch(line)),
                Is.True.After((int)Patience.TotalMilliseconds, 50), "strace has not seen mount(2)");
            return [.. lines.TakeWhile(line => !MountCall().IsMatch(line)).Select(line => Call().Match(line)).Where(call => call.Success)
                .Select(call => call.Groups[1].Value).Where(name => name is not ("futex" or "sched_yield" or "madvise" or "mprotect"))];
        }
    }

    [GeneratedRegex(@"^\d+ +(\w+)\(")]
    private static partial Regex Call();

    [GeneratedRegex(@"^\d+ +mount\(")]
    private static partial Regex MountCall();
}
