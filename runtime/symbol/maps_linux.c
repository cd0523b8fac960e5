/* SPDX-License-Identifier: MIT */
/*
 * maps_linux.c - reads /proc/self/maps, a line at a time, with nothing but system calls; and memory
 * by a call that says where there is none instead of faulting.
 *
 * addr2line wants the address that the file itself gives to the place: for all that is position
 * independent that is the distance from the file's first mapping, else the address as it is.
 */
#include "runtime/symbol/maps.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct reader {
	int fd;
	size_t used, filled;
	char bytes[1024];
};

/* The next line without its end, cut off at size. False at the end of the file. */
static bool next_line(struct reader *reader, char *line, size_t size)
{
	size_t length = 0;

	for (;;) {
		if (reader->used == reader->filled) {
			ssize_t got = read(reader->fd, reader->bytes, sizeof(reader->bytes));

			if (got < 0 && errno == EINTR)
				continue;
			if (got <= 0)
				return false;
			reader->used = 0;
			reader->filled = (size_t)got;
		}
		char c = reader->bytes[reader->used++];
		if (c == '\n')
			break;
		if (length + 1 < size)
			line[length++] = c;
	}
	line[length] = '\0';
	return true;
}

static const char *hex(const char *text, uintptr_t *value)
{
	for (*value = 0;; text++) {
		if (*text >= '0' && *text <= '9')
			*value = *value * 16 + (uintptr_t)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			*value = *value * 16 + (uintptr_t)(*text - 'a') + 10;
		else
			return text;
	}
}

/* Is the file that is mapped from here on one that was linked to a fixed address? */
static bool is_fixed(uintptr_t base)
{
	const Elf64_Half *header = (const Elf64_Half *)base;

	return memcmp(header, ELFMAG, SELFMAG) == 0 && header[8] == ET_EXEC;
}

static void print_hex(const unsigned char *bits, size_t count, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		*text++ = digits[bits[i] >> 4];
		*text++ = digits[bits[i] & 15];
	}
	*text = '\0';
}

/* One of the notes in a segment, if it is there. */
static bool find_note(uintptr_t from, size_t size, char id[41])
{
	unsigned char notes[512];
	Elf64_Nhdr note;

	size = maps_read(notes, size < sizeof(notes) ? size : sizeof(notes), from);
	for (size_t at = 0; at + sizeof(note) < size;) {
		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note) + ((note.n_namesz + 3) & ~3u);
		if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz <= 20 &&
		    at + note.n_descsz <= size) {
			print_hex(notes + at, note.n_descsz, id);
			return true;
		}
		at += (note.n_descsz + 3) & ~3u;
	}
	return false;
}

/* From the file's headers as they are mapped, through the kernel: nothing here may fault. */
static void find_build_id(uintptr_t base, bool fixed, char id[41])
{
	Elf64_Ehdr file;
	Elf64_Phdr part;

	id[0] = '\0';
	if (maps_read(&file, sizeof(file), base) != sizeof(file) ||
	    memcmp(file.e_ident, ELFMAG, SELFMAG) != 0)
		return;
	for (int i = 0; i < file.e_phnum; i++) {
		if (maps_read(&part, sizeof(part),
			      base + file.e_phoff + (size_t)i * sizeof(part)) != sizeof(part))
			return;
		if (part.p_type == PT_NOTE &&
		    find_note((fixed ? 0 : base) + part.p_vaddr, part.p_memsz, id))
			return;
	}
}

bool maps_find(uintptr_t address, struct maps_place *place)
{
	struct reader reader = { .fd = openat(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC) };
	char line[512], file[160] = "";
	uintptr_t low, high, base = 0;
	bool found = false;

	if (reader.fd < 0)
		return false;
	while (!found && next_line(&reader, line, sizeof(line))) {
		const char *rest = hex(hex(line, &low) + 1, &high);
		const char *path = strchr(rest, '/');
		size_t length = path ? strlen(path) : 0;

		if (length >= sizeof(file))
			path += length - sizeof(file) + 1;
		if (path == NULL)
			path = "";
		if (strcmp(path, file) != 0) {
			strcpy(file, path);
			/* " r": the headers can be looked at */
			base = rest[1] == 'r' ? low : 0;
		}
		found = address >= low && address < high && file[0] != '\0' && base != 0;
	}
	close(reader.fd);
	if (!found)
		return false;
	strcpy(place->path, file);
	place->offset = is_fixed(base) ? address : address - base;
	find_build_id(base, is_fixed(base), place->build_id);
	return true;
}

size_t maps_code(struct maps_range *ranges, size_t max)
{
	struct reader reader = { .fd = openat(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC) };
	size_t count = 0;
	char line[64];

	if (reader.fd < 0)
		return 0;
	while (count < max && next_line(&reader, line, sizeof(line))) {
		struct maps_range range;
		const char *rest = hex(hex(line, &range.low) + 1, &range.high);

		/* " r-x" */
		if (rest[3] == 'x')
			ranges[count++] = range;
	}
	close(reader.fd);
	return count;
}

/* Where a container's filter refuses process_vm_readv(). */
static ssize_t read_by_file(void *bytes, size_t size, uintptr_t from)
{
	int fd = openat(AT_FDCWD, "/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ssize_t copied;

	if (fd < 0)
		return -1;
	copied = pread(fd, bytes, size, (off_t)from);
	close(fd);
	return copied;
}

size_t maps_read(void *bytes, size_t size, uintptr_t from)
{
	struct iovec to = { .iov_base = bytes, .iov_len = size };
	struct iovec there = { .iov_base = (void *)from, .iov_len = size };
	ssize_t copied = process_vm_readv(getpid(), &to, 1, &there, 1, 0);

	if (copied < 0 && (errno == EPERM || errno == ENOSYS))
		copied = read_by_file(bytes, size, from);
	return copied > 0 ? (size_t)copied : 0;
}
