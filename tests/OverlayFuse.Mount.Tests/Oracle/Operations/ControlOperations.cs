using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>Runs another operation as an ordinary user, whose group has the same number.</summary>
internal sealed record As(uint User, Operation Inner) : Operation
{
    public override Operation Core => Inner.Core;

    public override string Run(Session session) => Credentials.RunAs(session.Owners.Here(User), () => Inner.Run(session));
}

/// <summary>Runs another operation as a user of other groups.</summary>
internal sealed record AsMember(uint User, uint Group, uint SupplementaryGroup, Operation Inner) : Operation
{
    public override Operation Core => Inner.Core;

    public override string Run(Session session) =>
        Credentials.RunAs(session.Owners.Here(User), session.Owners.Here(Group), [session.Owners.Here(SupplementaryGroup)],
            () => Inner.Run(session));
}

/// <summary>Runs another operation under a umask.</summary>
internal sealed record WithUmask(int Mask, Operation Inner) : Operation
{
    public override Operation Core => Inner.Core;

    public override string Run(Session session)
    {
        FilePermissions before = Syscall.umask(Mode.Octal(Mask));
        try
        {
            return Inner.Run(session);
        }
        finally
        {
            _ = Syscall.umask(before);
        }
    }
}

/// <summary>Closes all, unmounts, and mounts again with the same implementation.</summary>
internal sealed record Remount : Operation
{
    public override string Run(Session session)
    {
        session.Side.Remount(switchImplementation: false);
        return "ok";
    }
}

/// <summary>Closes all, unmounts, and mounts again with the other implementation: what one wrote, the other goes on with.</summary>
internal sealed record SwitchSides : Operation
{
    public override string Run(Session session)
    {
        session.Side.Remount(switchImplementation: true);
        session.ForgetInodes();
        return "ok";
    }
}

/// <summary>Closes all, unmounts, and mounts again with the upper as topmost lower layer and a new, empty upper.</summary>
internal sealed record Rotate : Operation
{
    public override string Run(Session session)
    {
        session.Side.Rotate();
        session.ForgetCopied();
        return "ok";
    }
}
