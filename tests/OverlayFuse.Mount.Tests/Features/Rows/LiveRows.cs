namespace OverlayFuse.Mount.Tests.Features.Rows;

[FeatureGroup("Live layers")]
internal static class LiveRows
{
    [Feature("a mount tells its layers (`/proc/mounts`, or a command)")]
    public static void List(Stage s)
    {
        s.Mount();
        s.Point($"{s.Program.LayersCommand} > layers; grep -qE '(^|[ /=:,])a([ :,]|$)' layers; grep -qE '(^|[ /=:,])b([ :,]|$)' layers; "
            + $"grep -qE '(^|[ /=:,])u([ :,]|$)' layers");
    }

    [Feature("a layer can be put under a live mount; open files stay what they were", OnKernel = Answer.No)]
    public static void Add(Stage s)
    {
        s.Build("mkdir new new/d b/d; echo old > b/d/f; echo new > new/d/f; echo new > new/d/g");
        s.Mount();
        s.Do("is $(cat m/d/f) old; is \"$(ls m/d)\" f");
        int fd = s.Open("m/d/f", Harness.O.RDONLY);
        s.Do(s.Program.AddLayerCommand);
        s.Do("is $(cat m/d/f)$(cat m/d/g) newnew; is $(ls m/d | wc -l) 2");
        s.Point("open file", Stage.ReadText(fd) == "old\n");
    }

    [Feature("on command it shows what was changed in its layers")]
    public static void Refresh(Stage s)
    {
        s.Build("mkdir b/d; echo old > b/d/f; echo x > b/d/gone");
        s.Mount();
        s.Do("is $(cat m/d/f) old; ls -l m/d; [ ! -e m/d/new ]");
        s.Build("echo changed > b/d/f; rm b/d/gone; echo y > b/d/new");
        s.Do(s.Program.RefreshCommand);
        s.Point("is $(cat m/d/f) changed; is \"$(ls m/d | xargs)\" 'f new'; is $(cat m/d/new) y; [ ! -e m/d/gone ]");
    }

    [Feature("changes in its layers behind its back neither hang nor crash it")]
    public static void Behind(Stage s)
    {
        s.Build("for i in {1..50}; do mkdir -p b/d$i/e; echo x > b/d$i/e/f; done");
        s.Mount();
        s.Do("find m -type f | xargs cat >/dev/null");
        s.Build("rm -r b/d*; for i in {1..9}; do echo file > b/d$i; done; rm -rf u/*");
        s.Try("find m | xargs ls -l; for i in {1..50}; do echo y >> m/d$i/e/f; rm m/d$i/e/f; mkdir m/d$i; done");
        s.Point("touch m/new; rm m/new; ls m >/dev/null");
        s.Remount();
        s.Point("find m >/dev/null; [ -f m/d9 ]");
    }
}
