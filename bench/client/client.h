/* The benchmark's client: does the work that is timed, and costs as little as possible itself. */
#ifndef CLIENT_H
#define CLIENT_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE = 4096, COPY_BUFFER = 128 * 1024 };

/* The tree of small files: a fixed shape, so that every action knows the names without listing. */
enum { FILES_PER_DIRECTORY = 100 };

/* Ends the process: the action failed as `what` says, with errno. */
_Noreturn void fail(const char *what);

/* -1 ends the process. */
#define MUST(call) must((call), #call)
long must(long result, const char *call);

/* Path of small file number `i` below `root`, in `path`. */
void tree_path(char *path, size_t size, const char *root, long i);

/* Path of name number `i` of make-names in `directory`, in `path` of PATH_MAX bytes. */
void name_path(char *path, const char *directory, long i);

/* "." and "..". */
int is_dot(const char *name);

/* A stream of directory `name` in `directory`; it must be there. */
DIR *open_below(int directory, const char *name);

/* One step of xorshift64: the same order of places in every run. */
uint64_t next_random(uint64_t *state);

/* An action returns how many things it did, which the runner compares between programs. Time runs from clock_start to its
   return; an action that never calls clock_start is timed as a whole. */
void clock_start(void);
void clock_stop(void);

typedef long action(char **argument);

action stat_tree, read_tree, remove_tree, chmod_files, append_files, lookup_names, miss_names, list_directory, stat_directory;
action walk_paths, list_then_stat, compare_trees;
action read_file, random_reads, random_touches, sequential_write, small_writes, random_writes, first_write;
action create_files, rename_files, unlink_files;
action run_program, mount_until_readdir, parallel_read, stat_file_system;
action make_tree, make_file, make_names, make_layers, make_directory, sync_disks;

#endif
