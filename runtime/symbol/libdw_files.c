/* SPDX-License-Identifier: MIT */
/*
 * libdw_files.c - the files that libdwfl reads, all of them opened here, close-on-exec.
 *
 * libdwfl opens files without that and keeps them open: every program that the process starts would
 * inherit them, also one that is started while symbols are read. So it is told which modules there
 * are, and is given descriptors.
 */
#include "runtime/symbol/libdw.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char vdso[] = "[vdso]";

/* To open something else than a file, a device say, might have consequences. */
int symbol_libdw_open(const char *path)
{
	struct stat what;

	if (path[0] != '/' || stat(path, &what) != 0 || !S_ISREG(what.st_mode))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* ---- The kernel's own library, which is in no file ------------------------------------------- */

static size_t size_of_vdso(void)
{
	const ElfW(Ehdr) *header = (const void *)getauxval(AT_SYSINFO_EHDR);

	return header ? header->e_shoff + (size_t)header->e_shnum * header->e_shentsize : 0;
}

static int open_vdso(void)
{
	const char *from = (const char *)getauxval(AT_SYSINFO_EHDR);
	size_t size = size_of_vdso();
	int fd = size > 0 ? memfd_create("vdso", MFD_CLOEXEC) : -1;

	if (fd < 0 || write(fd, from, size) == (ssize_t)size)
		return fd;
	close(fd);
	return -1;
}

/* ---- For libdwfl: descriptors that it keeps. Names it does not need. -------------------------- */

static int find_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
		    char **file, Elf **elf)
{
	(void)module, (void)data, (void)base, (void)file, (void)elf;
	return strcmp(name, vdso) == 0 ? open_vdso() : symbol_libdw_open(name);
}

static int open_by_id(Dwfl_Module *module)
{
	const unsigned char *id;
	GElf_Addr where;
	char path[256];
	int used, size = dwfl_module_build_id(module, &id, &where);

	if (size < 2 || size > 64)
		return -1;
	used = snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%02x/", id[0]);
	for (int i = 1; i < size; i++)
		used += snprintf(path + used, sizeof(path) - (size_t)used, "%02x", id[i]);
	snprintf(path + used, sizeof(path) - (size_t)used, ".debug");
	return symbol_libdw_open(path);
}

/*
 * The debug information is in the file itself, or below /usr/lib/debug by build id; link is then what
 * many such files have in common, if it was taken out of them. Nobody needs the lines inside the
 * system's libraries, and to unpack libc's takes 40 ms.
 */
static int find_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word crc, char **found)
{
	const char *common = link ? strstr(link, ".dwz/") : NULL;
	char path[256];

	(void)data, (void)base, (void)file, (void)crc, (void)found;
	if (symbol_libdw_is_system(name) && !symbol_libdw_is_in(module, getauxval(AT_PHDR)))
		return -1;
	if (common == NULL)
		return open_by_id(module);
	snprintf(path, sizeof(path), "/usr/lib/debug/%s", common);
	return symbol_libdw_open(path);
}

const Dwfl_Callbacks symbol_libdw_callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = find_debuginfo,
};

bool symbol_libdw_report(Dwfl *dwfl)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	Dwarf_Addr kernels = getauxval(AT_SYSINFO_EHDR);
	bool done = maps != NULL && dwfl_linux_proc_maps_report(dwfl, maps) == 0;

	if (maps != NULL)
		fclose(maps);
	if (kernels != 0)
		dwfl_report_module(dwfl, vdso, kernels, kernels + size_of_vdso());
	return dwfl_report_end(dwfl, NULL, NULL) == 0 && done;
}
