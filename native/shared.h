/* Constants from shared.def, which the managed side has as well. */
#ifndef OVERLAYFUSE_SHARED_H
#define OVERLAYFUSE_SHARED_H

/* Texts are macros by another name: each file uses a few of them. */
#define SHARED_TEXT(name, text) __attribute__((unused)) static const char name[] = text;

#define LETTERS(name, managed, text) SHARED_TEXT(LETTERS_##name, text)
#define OPTION(name, managed, text) SHARED_TEXT(OPTION_##name, text)
#define PROGRAM(name, managed, text) SHARED_TEXT(PROGRAM_##name, text)
#define PROCESS(name, managed, text) SHARED_TEXT(PROCESS_##name, text)
#define SCRATCH(name, managed, text) SHARED_TEXT(SCRATCH_##name, text)
#include "shared.def"

/* The first word of the command line. */
enum verb {
    VERB_NONE,
#define VERB(name, managed, text) VERB_##name,
#include "shared.def"
};

enum session_role {
#define ROLE(name, managed) ROLE_##name,
#include "shared.def"
};

enum plan_field {
#define FIELD(name, managed) FIELD_##name,
#include "shared.def"
};

enum session_flag {
#define FLAG(name, managed, letter) FLAG_##name = letter,
#include "shared.def"
};

enum overlayfuse_step {
#define STEP(name, managed) STEP_##name,
#include "shared.def"
};

#endif
