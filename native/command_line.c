/* Answers questions about the command line before managed code reads it. The words and letters are those of shared.def. */
#define _GNU_SOURCE
#include "command_line.h"

#include <string.h>

static int is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return 1;
    return 0;
}

/* Such a word is answered by the process that was started. */
static int is_foreground_word(const char *word)
{
    static const char *const words[] = {
#define LONG(name, managed, text) text,
#include "shared.def"
    };
    return is_one_of(word, words, sizeof words / sizeof *words);
}

int command_line_is_tool(int argc, char **argv)
{
    static const char *const words[] = {
#define TOOL(name, managed, text) text,
#include "shared.def"
    };
    return argc > 1 && is_one_of(argv[1], words, sizeof words / sizeof *words);
}

enum verb command_line_verb(int argc, char **argv)
{
    static const char *const verbs[] = {
#define VERB(name, managed, text) [VERB_##name] = text,
#include "shared.def"
    };
    for (size_t verb = VERB_NONE + 1; argc > 1 && verb < sizeof verbs / sizeof *verbs; verb++)
        if (strcmp(argv[1], verbs[verb]) == 0)
            return (enum verb)verb;
    return VERB_NONE;
}

/* True if one of the options, which have commas between them, is this word. */
static int has_word(const char *options, const char *word)
{
    for (const char *at = options; at != NULL; at = strchr(at, ','), at += at != NULL) {
        size_t length = strcspn(at, ",");
        if (length == strlen(word) && strncmp(at, word, length) == 0)
            return 1;
    }
    return 0;
}

/* The options of the word at *at, or NULL. The value of -o and -t is the rest of the word, or the next word; then *at moves on to that. */
static const char *options_at(int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    if (word[0] != '-' || word[1] == '-')
        return NULL;
    size_t letters = strcspn(word, LETTERS_WITH_VALUE);
    if (word[letters] == '\0')
        return NULL;
    int is_options = word[letters] == 'o';
    const char *value = word[letters + 1] != '\0' ? word + letters + 1 : ++*at < argc ? argv[*at] : NULL;
    return is_options ? value : NULL;
}

int command_line_is_mount(int argc, char **argv)
{
    return argc > 1 && command_line_verb(argc, argv) == VERB_NONE;
}

int command_line_has_option(int argc, char **argv, const char *option)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *options = options_at(argc, argv, &i);
        if (options != NULL && has_word(options, option))
            return 1;
    }
    return 0;
}

/* Letters may stand together. Those after an o or a t are its value. */
static int has_foreground_letter(const char *word)
{
    return word[0] == '-' && word[1] != '-' && strcspn(word, LETTERS_FOREGROUND) < strcspn(word, LETTERS_WITH_VALUE);
}

int command_line_wants_background(int argc, char **argv)
{
    if (!command_line_is_mount(argc, argv) || command_line_has_option(argc, argv, OPTION_DEBUG)) /* it means -d */
        return 0;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (is_foreground_word(argv[i]) || has_foreground_letter(argv[i]))
            return 0;
        options_at(argc, argv, &i);
    }
    return 1;
}
