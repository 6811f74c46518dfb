using System.Buffers.Binary;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>What no kernel sends: always one well-formed answer, or none where none is due; never an exception.</summary>
internal sealed class MalformedTests : DispatchTest
{
    private static readonly uint[] Unanswered = [2, 36, 41, 42];

    [TestCase(1u, "61 62 63", TestName = "Lookup_NameWithoutNul_AnswersEINVAL")]
    [TestCase(1u, "00", TestName = "Lookup_EmptyName_AnswersEINVAL")]
    [TestCase(1u, "", TestName = "Lookup_NoName_AnswersEINVAL")]
    [TestCase(1u, "61 2f 62 00", TestName = "Lookup_NameWithSlash_AnswersEINVAL")]
    [TestCase(6u, "61 00", TestName = "SymLink_NoTarget_AnswersEINVAL")]
    [TestCase(6u, "61 00 00", TestName = "SymLink_EmptyTarget_AnswersEINVAL")]
    [TestCase(9u, "ff 01 00 00 00 00", TestName = "MkDir_ShortStruct_AnswersEINVAL")]
    [TestCase(12u, "03 00 00 00 00 00 00 00 61 00 62", TestName = "Rename_SecondNameWithoutNul_AnswersEINVAL")]
    [TestCase(15u, "00", TestName = "Read_ShortStruct_AnswersEINVAL")]
    [TestCase(22u, "04 00 00 00 00 00 00 00", TestName = "GetXattr_NoName_AnswersEINVAL")]
    [TestCase(21u, "ff ff ff ff 00 00 00 00 00 00 00 00 00 00 00 00 61 00 31", TestName = "SetXattr_ValueShorterThanTold_AnswersEINVAL")]
    public void Request_Malformed_AnswersEINVALAndIsNotPassedOn(uint opcode, string body)
    {
        Dispatcher.Expect(Golden.Request(opcode, body), Golden.Reply(Errno.EINVAL));
        Assert.That(FileSystem.Calls, Is.Empty);
    }

    [Test]
    public void Write_LessDataThanTold_AnswersEINVAL()
    {
        byte[] body = new byte[40 + 10];
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(16), 11);
        Dispatcher.Expect(Golden.Request(16, body), Golden.Reply(Errno.EINVAL));
    }

    [Test]
    public void Read_MoreThanTheBufferHolds_AnswersEINVAL()
    {
        byte[] body = new byte[40];
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(16), uint.MaxValue);
        Dispatcher.Expect(Golden.Request(15, body), Golden.Reply(Errno.EINVAL));
    }

    [Test]
    public void Header_LengthUnlikeTheMessage_AnswersEINVAL()
    {
        byte[] message = Golden.Request(1, "61 00");
        message[0]++;
        Dispatcher.Expect(message, Golden.Reply(Errno.EINVAL));
    }

    [Test]
    public void Header_ExtensionsLongerThanTheMessage_AnswersEINVAL() =>
        Dispatcher.Expect(Golden.Request(1, "61 00", extensionUnits: ushort.MaxValue), Golden.Reply(Errno.EINVAL));

    [Test]
    public void Header_Short_IsUnanswerable([Range(0, 39)] int length) => Assert.That(Dispatcher.Send(new byte[length]), Is.Empty);

    [Test]
    public void BatchForget_CountBeyondTheMessage_GivesBackWhatIsThere()
    {
        Assert.That(Dispatcher.Send(Golden.Request(42, """
            ff ff ff ff 00 00 00 00 | count, dummy
            07 00 00 00 00 00 00 00 | nodeid
            01 00 00 00 00 00 00 00 | nlookup
            08 00 00 00             | cut
            """)), Is.Empty);
        Assert.That(FileSystem.Calls, Is.EqualTo(new[] { "Forget 7 1" }));
    }

    [Test]
    public void Extensions_SizesThatLeadNowhere_ReadAsAbsent(
        [Values("00 00 00 00", "ff ff ff ff", "07 00 00 00", "09 00 00 00")] string size)
    {
        Dispatcher.Send(Golden.Request(9, $"ff 01 00 00 00 00 00 00 64 00 {size} 20 00 00 00", extensionUnits: 1));
        Assert.That(FileSystem.Last, Does.EndWith(": d mode=1FF umask=0"));
    }

    [Test]
    public void RandomBodies_EveryOpcode_AreAnsweredWell([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] body = new byte[random.Next(0, random.Next(2) == 0 ? 200 : 24)];
            random.NextBytes(body);
            if (random.Next(2) == 0)
                body.AsSpan(0, Math.Min(body.Length, 40)).Clear(); // so that sizes are small and the rest is reached
            byte[] message = Golden.Request((uint)random.Next(0, 60), body, random.Next(4) == 0 ? random.Next(8) : 0);
            CheckAnswer(message);
        }
    }

    [Test]
    public void RandomBytes_WholeMessage_AreAnsweredWell([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] message = new byte[random.Next(0, 120)];
            random.NextBytes(message);
            CheckAnswer(message);
        }
    }

    [Test]
    public void GoldenRequests_CutAnywhere_AreAnsweredWell()
    {
        byte[] create = Golden.Request(35,
            "42 82 00 00 a4 81 00 00 12 00 00 00 01 00 00 00 66 00 10 00 00 00 20 00 00 00 01 00 00 00 de 00 00 00", extensionUnits: 2);
        byte[] rename = Golden.Request(45, "03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 61 00 62 00");
        foreach (byte[] whole in new[] { create, rename })
        {
            for (int length = 40; length <= whole.Length; length++)
            {
                byte[] cut = whole[..length];
                BinaryPrimitives.WriteUInt32LittleEndian(cut, (uint)length);
                CheckAnswer(cut);
            }
        }
    }

    private void CheckAnswer(byte[] message)
    {
        byte[] reply = Dispatcher.Send(message);
        FileSystem.Calls.Clear();
        bool due = message.Length >= 40 && !Unanswered.Contains(BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(4)));
        if (!due)
        {
            Assert.That(reply, Is.Empty);
            return;
        }
        int error = BitConverter.ToInt32(reply, 4);
        bool wellFormed = BitConverter.ToUInt32(reply) == reply.Length && error is <= 0 and > -512 &&
            BitConverter.ToUInt64(reply, 8) == BitConverter.ToUInt64(message, 8) && (error == 0 || reply.Length == 16);
        if (!wellFormed)
            Assert.Fail($"request\n{Golden.Dump(message)}\nreply\n{Golden.Dump(reply)}");
    }
}
