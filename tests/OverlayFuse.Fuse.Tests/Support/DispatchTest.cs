namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>A test that gives messages, in bytes, to a session after INIT, over a file system that writes down what it is asked.</summary>
internal abstract class DispatchTest
{
    protected RecordingFileSystem FileSystem { get; private set; } = null!;

    protected Dispatcher Dispatcher { get; set; } = null!;

    [SetUp]
    public void Initialize()
    {
        FileSystem = new RecordingFileSystem();
        Dispatcher = new Dispatcher(FileSystem).Initialize();
    }

    protected void Check(byte[] request, string call, byte[] reply)
    {
        Dispatcher.Expect(request, reply);
        Assert.That(FileSystem.Last, Is.EqualTo(call));
    }
}
