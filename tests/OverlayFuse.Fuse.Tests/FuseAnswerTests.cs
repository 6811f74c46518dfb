using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

internal sealed class FuseAnswerTests
{
    [TestCase(0ul, 10, "content")]
    [TestCase(3ul, 2, "te")]
    [TestCase(6ul, 10, "t")]
    [TestCase(7ul, 10, "")]
    [TestCase(ulong.MaxValue, 10, "")]
    public void Read_AtAnOffset_GivesThatPart(ulong offset, int size, string expected)
    {
        byte[] data = new byte[size];
        Assert.That(FuseAnswer.Read("content"u8, offset, data, out int count), Is.EqualTo(Errno.None));
        Assert.That(data.AsSpan(0, count).ToArray(), Is.EqualTo(expected.Select(c => (byte)c)));
    }

    [TestCase(0, Errno.None)]
    [TestCase(4, Errno.ERANGE)]
    [TestCase(5, Errno.None)]
    public void Xattr_IntoARoom_AnswersAsTheKernelExpects(int size, Errno expected)
    {
        byte[] room = new byte[size];
        Assert.That((FuseAnswer.Xattr("value"u8, room, out int length), length), Is.EqualTo((expected, 5)));
        Assert.That(room, size < 5 ? Is.All.Zero : Is.EqualTo("value"u8.ToArray()));
    }

    [TestCase(3, Errno.ENAMETOOLONG)]
    [TestCase(4, Errno.None)]
    public void ReadLink_IntoARoom_RefusesALongerTarget(int size, Errno expected) =>
        Assert.That((FuseAnswer.ReadLink("path"u8, new byte[size], out int length), length), Is.EqualTo((expected, 4)));
}
