using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>
/// A real C project to build: Debian's zlib, downloaded once into the cache; without a mirror, a generated project in its place.
/// </summary>
internal static class SourceTrees
{
    /// <summary>How to build and check what <see cref="UnpackTo"/> made. Ends with the checksums of what was built.</summary>
    public const string BuildAndCheck = """
        if [ -x configure ]; then ./configure >/dev/null; fi
        make -s -j2
        make -s check >check.log
        find . -type f \( -perm -u=x -o -name '*.o' -o -name '*.so*' -o -name '*.a' \) ! -name configure -print0 \
            | sort -z | xargs -0 sha256sum
        """;

    public static void UnpackTo(string directory)
    {
        string cache = Path.Combine(DebianRoot.CacheDirectory, "zlib");
        if (Bash.Try($"ls {cache}/*.dsc").ExitCode != 0 && !Download(cache))
        {
            TestContext.Out.WriteLine("no Debian source to be had: a generated project is built instead of zlib");
            Generate(directory);
            return;
        }
        Bash.Run($"tar -xf {cache}/*.orig.tar.* --strip-components=1", directory);
    }

    /// <summary>apt-get with lists and sources of its own: the machine's stay as they are.</summary>
    private static bool Download(string cache)
    {
        using Sandbox sandbox = Sandbox.OnDisk();
        ToolResult result = Bash.Try($"""
            mkdir -p lists/partial archives/partial fetched
            apt-get indextargets --format 'deb-src $(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 'Component: main' \
                | sort -u > sources.list
            apt="apt-get -o Dir::Etc::sourcelist=$PWD/sources.list -o Dir::Etc::sourceparts=/dev/null \
                -o Dir::State::lists=$PWD/lists -o Dir::Cache=$PWD"
            $apt -qq update
            cd fetched
            $apt -qq source --download-only zlib
            mkdir -p {cache}
            mv ./*.tar.* ./*.dsc {cache}
            """, sandbox.Root);
        return result.ExitCode == 0;
    }

    private static void Generate(string directory) => Bash.Run("""
        mkdir src
        for i in $(seq 60); do printf '#include "all.h"\nint f%d(int x) { return x + %d; }\n' "$i" "$i" > src/f$i.c; done
        for i in $(seq 60); do echo "int f$i(int);"; done > src/all.h
        {
            echo '#include "all.h"'; echo 'int main(void) { return'
            for i in $(seq 60); do echo "f$i(-$i) |"; done; echo '0; }'
        } > src/main.c
        {
            echo 'objects = $(patsubst %.c,%.o,$(wildcard src/*.c))'
            printf 'program: $(objects)\n\t$(CC) -o $@ $(objects)\n$(objects): src/all.h\n'
            printf 'check: program\n\t./program\nclean:\n\trm -f program $(objects)\n'
        } > Makefile
        """, directory);
}
