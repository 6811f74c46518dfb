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
        string script = Path.Combine(ProgramUnderTest.Repository, "tests", "zlib-source");
        if (Tool.Try("env", [$"OVERLAYFUSE_TEST_CACHE={DebianRoot.CacheDirectory}", script, directory],
            timeoutSeconds: Bash.DefaultTimeoutSeconds).ExitCode == 0)
            return;
        TestContext.Out.WriteLine("no Debian source to be had: a generated project is built instead of zlib");
        Generate(directory);
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
