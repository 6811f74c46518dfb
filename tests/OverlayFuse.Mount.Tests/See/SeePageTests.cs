using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Documentation;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.See;

/// <summary>Each question of docs/see-layers.md: its command prints what the page says.</summary>
internal sealed class SeePageTests : SeeTest
{
    private static readonly Page s_page = new("docs/see-layers.md");

    [TestCase("Which layer is this file from?")]
    [TestCase("Why is it hidden?")]
    [TestCase("Which layers make this directory?")]
    [TestCase("What is in the hidden file?")]
    public void Command_OfAQuestion_PrintsTheAnswerOfThePage(string question)
    {
        Layers.Shell("mkdir -p top/etc base/etc changes work tree; echo top > top/etc/hosts; echo base > base/etc/hosts; "
            + "echo welcome > base/etc/motd; echo name > base/etc/name");
        Layers.Shell("mkdir changes/etc; mknod changes/etc/motd c 0 0");
        if (question.StartsWith("Which layer is", StringComparison.Ordinal)) Layers.Shell("rm -r changes/etc");
        Layers.Shell("mount -t overlay o -o lowerdir=top:base,upperdir=changes,workdir=work tree");
        try
        {
            string program = Path.GetDirectoryName(Overlayfuse.Path)!;
            string output = Tool.Run("sh", "-ec", $"cd '{Layers.Root}'; PATH='{program}':$PATH; {s_page.Block(question)}");
            string expected = s_page.Block(question, 1).Replace("/layers", Layers.Root, StringComparison.Ordinal);
            Assert.That(output.Trim(), Is.EqualTo(expected.Trim()));
        }
        finally
        {
            Layers.Shell("umount tree");
        }
    }
}
