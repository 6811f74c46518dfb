using System.Text;

namespace OverlayFuse.Linux.Tests;

/// <summary>Bytes of the system become text and the same bytes again.</summary>
internal sealed class NativeTextTests
{
    private static byte[][] Hard() =>
    [
        [.. Enumerable.Range(1, 255).Select(value => (byte)value)],
        [0xE9], [0xC3], [0xA9], [0xC3, 0xA9, 0xC3], [0xF0, 0x9F, 0x98], "plain/\U0001F600/\u00E9"u8.ToArray(),
        [0xED, 0xB2, 0x80], // U+DC80 as bytes, which is no UTF-8
        [0xC0, 0x80], [0xFF, 0xFE, (byte)'a'], [],
    ];

    [TestCaseSource(nameof(Hard))]
    public void Bytes_OfAnyKind_ComeBack(byte[] bytes) => Assert.That(NativeText.ToBytes(NativeText.From(bytes)), Is.EqualTo(bytes));

    [Test]
    public void Bytes_AtRandom_ComeBackAndStayApart()
    {
        var random = new Random(1);
        var seen = new Dictionary<string, byte[]>();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(1, 6)];
            random.NextBytes(bytes);
            string text = NativeText.From(bytes);
            Assert.That(NativeText.ToBytes(text), Is.EqualTo(bytes));
            Assert.That(seen.TryAdd(text, bytes) || seen[text].SequenceEqual(bytes), "two names are two texts");
        }
    }

    /// <summary>Cut and joined as paths are.</summary>
    [Test]
    public void Text_OfTwoHalvesOfACharacter_IsTheCharacterInBytes()
    {
        string joined = NativeText.From([0xC3]) + NativeText.From([0xA9]);
        Assert.That(NativeText.ToBytes(joined), Is.EqualTo("\u00E9"u8.ToArray()));
    }

    [Test]
    public void Text_ThatIsUtf8_IsTheSameAsDotNets()
    {
        const string text = "/caf\u00E9/\U0001F600";
        Assert.Multiple(() =>
        {
            Assert.That(NativeText.From(Encoding.UTF8.GetBytes(text)), Is.EqualTo(text));
            Assert.That(NativeText.ToBytes(text), Is.EqualTo(Encoding.UTF8.GetBytes(text)));
            Assert.That(NativeText.HasRawBytes(text), Is.False);
            Assert.That(NativeText.HasRawBytes(NativeText.From([(byte)'a', 0xE9])), Is.True);
        });
    }

    [Test]
    public void Name_OfATextWithRawBytes_HasThem() =>
        Assert.That(Name.From(NativeText.From([0x2F, 0xE9])).WithNul.ToArray(), Is.EqualTo(new byte[] { 0x2F, 0xE9, 0 }));
}
