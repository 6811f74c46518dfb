using System.Globalization;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>The trace that -d shows. Nothing here runs or allocates without a trace.</summary>
public sealed partial class FuseSession
{
    private void TraceRequest(in InHeader header, ReadOnlySpan<byte> body)
    {
        if (_trace is null)
            return;
        string names = "";
        ReadOnlySpan<byte> rest = RequestExtensions.FromNames(header.Opcode, body);
        for (int i = RequestExtensions.NameCount(header.Opcode); i > 0 && Name.TryTake(rest, out Name name); i--)
        {
            names += $" \"{name.ToString()}\"";
            rest = rest[name.WithNul.Length..];
        }
        _trace(string.Create(CultureInfo.InvariantCulture,
            $"{header.Unique} {header.Opcode} node {header.NodeId.Value} uid {header.Uid} gid {header.Gid} pid {header.Pid} "
                + $"bytes {header.Len}{names}"));
    }

    private void TraceReply(in InHeader header, Errno error, int length)
    {
        if (_trace is null)
            return;
        string result = length == 0 ? "no reply" : error == Errno.None ? "ok" : error.ToString();
        _trace(string.Create(CultureInfo.InvariantCulture, $"{header.Unique} {header.Opcode} -> {result} bytes {length}"));
    }

    private void TraceNegotiation(FuseNegotiation negotiation)
    {
        if (_trace is null)
            return;
        _trace(string.Create(CultureInfo.InvariantCulture,
            $"FUSE {Wire.Major}.{negotiation.ProtocolMinor}, max_write {negotiation.MaxWrite}, max_readahead {negotiation.MaxReadahead}, "
                + $"max_background {negotiation.MaxBackground}"));
        foreach (InitFlags feature in Enum.GetValues<InitFlags>())
        {
            if (feature == InitFlags.None || !negotiation.Offered.HasFlag(feature))
                continue;
            _trace($"  {(negotiation.HasFeature(feature) ? "+" : "-")} {feature}");
        }
    }
}
