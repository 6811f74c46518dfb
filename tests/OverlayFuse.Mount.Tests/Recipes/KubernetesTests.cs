using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Recipes;

/// <summary>The pods of examples/kubernetes: what they ask for is what the others offer, and their script runs.</summary>
[TestFixture]
internal sealed class KubernetesTests : AppTest
{
    private const string Plugin = "kubernetes/device-plugin.yaml", Pod = "kubernetes/pod.yaml", PodOfCrio = "kubernetes/pod-crio.yaml";

    [Test]
    public void DevicePlugin_ForFuse_OffersWhatThePodAsksFor()
    {
        var container = Container(Plugin, "spec", "template", "spec", "containers");
        string[] arguments = [.. ((List<object>)container["args"]).Cast<string>()];
        Assert.That(arguments[0], Is.EqualTo("--device"));
        var device = (Dictionary<object, object>)Recipe.Parse(arguments[1]);
        var group = (Dictionary<object, object>)((List<object>)device["groups"]).Single();
        Assert.That(((Dictionary<object, object>)((List<object>)group["paths"]).Single())["path"], Is.EqualTo("/dev/fuse"));
        var resources = (Dictionary<object, object>)Container(Pod, "spec", "containers")["resources"];
        Assert.That((Dictionary<object, object>)resources["limits"],
            Is.EqualTo(new Dictionary<object, object> { [$"squat.ai/{device["name"]}"] = "1" }));
        Assert.That(Recipe.Read(Plugin, "spec", "selector", "matchLabels"),
            Is.EqualTo(Recipe.Read(Plugin, "spec", "template", "metadata", "labels")));
    }

    [TestCase(Plugin, "spec", "template", "spec")]
    [TestCase(Pod, "spec")]
    [TestCase(PodOfCrio, "spec")]
    public void Volumes_OfAPod_AreThoseThatItsContainerMounts(string file, params string[] spec)
    {
        var mounts = ((List<object>)Container(file, [.. spec, "containers"])["volumeMounts"]).Cast<Dictionary<object, object>>();
        var volumes = ((List<object>)Recipe.Read(file, [.. spec, "volumes"])).Cast<Dictionary<object, object>>();
        Assert.That(mounts.Select(mount => mount["name"]), Is.EquivalentTo(volumes.Select(volume => volume["name"])));
    }

    [Test]
    public void PodOfCrio_ByItsAnnotation_HasTheDevice()
    {
        Assert.That(Recipe.Read(PodOfCrio, "metadata", "annotations"),
            Is.EqualTo(new Dictionary<object, object> { ["io.kubernetes.cri-o.Devices"] = "/dev/fuse" }));
        Assert.That(Recipe.Read(PodOfCrio, "spec", "hostUsers"), Is.EqualTo("false"));
    }

    /// <summary>As in the pod: root of a user namespace with CAP_SYS_ADMIN, whose mount namespace is its own.</summary>
    [TestCase(Pod)]
    [TestCase(PodOfCrio)]
    public void Script_OfThePod_ShowsTheChangesAndLeavesTheProject(string file)
    {
        Dictionary<object, object> container = Container(file, "spec", "containers");
        Assert.That(container["command"], Is.EqualTo(new[] { "sh", "-ec" }));
        string project = Sandbox.MakeDirectory("src"), bin = Sandbox.MakeDirectory("bin");
        Bash.Run($"printf 'test:\\n\\techo 2 >version\\n' >Makefile; echo 1 >version; ln -s {ProgramUnderTest.Path} {bin}/overlayfuse",
            project);
        string script = ((List<object>)container["args"]).Cast<string>().Single().Replace("/src", project, StringComparison.Ordinal);
        string output = Bash.Run($"PATH={bin}:$PATH unshare --user --map-root-user --mount sh -ec '{script}'", project);
        Assert.That(output, Does.EndWith("M version\n"));
        Assert.That(File.ReadAllText(Path.Combine(project, "version")), Is.EqualTo("1\n"));
    }

    private static Dictionary<object, object> Container(string file, params string[] keys) =>
        ((List<object>)Recipe.Read(file, keys)).Cast<Dictionary<object, object>>().Single();
}
