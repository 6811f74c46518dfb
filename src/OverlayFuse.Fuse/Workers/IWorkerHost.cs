using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Workers;

/// <summary>The session as its workers see it. Workers call it from many threads at once.</summary>
internal interface IWorkerHost
{
    /// <summary>True once INIT is answered: the device can be cloned, and more than one worker can serve.</summary>
    bool IsNegotiated { get; }

    /// <summary>True once INIT is answered and io_uring is to carry the requests.</summary>
    bool UsesRing { get; }

    /// <summary>Answers one request.</summary>
    /// <param name="message">The bytes that were read from the device.</param>
    /// <param name="buffer">Receives the reply.</param>
    /// <param name="inFlight">The record of the calling worker.</param>
    /// <returns>The length of the reply; 0 if the request gets none.</returns>
    int Dispatch(ReadOnlySpan<byte> message, Span<byte> buffer, InFlightRequest inFlight);

    /// <summary>Takes back the references and handles of a reply that the kernel did not take.</summary>
    void OnUndelivered(ReadOnlySpan<byte> message, ReadOnlySpan<byte> reply, Errno error);

    /// <summary>Logs an exception of an operation and makes the reply for its caller.</summary>
    /// <returns>The length of the reply; 0 if the request gets none.</returns>
    int OnException(ReadOnlySpan<byte> message, Span<byte> buffer, Exception exception);

    /// <summary>The last worker has ended: no request is in progress, and none follows.</summary>
    void OnLastWorkerEnded();

    /// <summary>Reports a failure that no caller is told about.</summary>
    void Log(string line);
}
