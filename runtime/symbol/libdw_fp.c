/* SPDX-License-Identifier: MIT */
/*
 * libdw_fp.c - the frame pointer that a blocked thread does not show, on x86-64.
 *
 * Wanted is where a function, of which the stack pointer is known, has saved its caller's frame
 * pointer: the return address lies above. Unoptimised functions say in their first instructions how
 * far that is. For others the stack is searched for a return address behind a call of this very
 * function. What is found is believed only if a call instruction stands before the return address,
 * and, wherever that call names its target, it is this function.
 */
#include "runtime/symbol/libdw.h"

#include "runtime/symbol/maps.h"

#include <string.h>

#if defined(__x86_64__)

enum { MAX_FRAME = 4096, ANY_TARGET = 1 };

static bool read_code(uintptr_t address, void *code, size_t size)
{
	return maps_read(code, size, address) == size;
}

static bool starts_with(const unsigned char *code, const char *bytes, size_t size)
{
	return memcmp(code, bytes, size) == 0;
}

/*
 * How far sp is below the frame pointer in the body of a function that begins so, or -1:
 *   endbr64?; push %rbp; mov %rsp,%rbp; push ...*; sub $n,%rsp
 * code is 32 bytes; the longest such beginning has 25.
 */
static long frame_size(const unsigned char *code)
{
	long size = 0;
	int immediate;

	if (starts_with(code, "\xf3\x0f\x1e\xfa", 4))
		code += 4;
	if (!starts_with(code, "\x55\x48\x89\xe5", 4))
		return -1;
	code += 4;
	for (int i = 0; i < 5; i++, size += 8) {
		if (code[0] == 0x41 && (code[1] & 0xf8) == 0x50)
			code += 2;
		else if ((code[0] & 0xf8) == 0x50)
			code += 1;
		else
			break;
	}
	if (starts_with(code, "\x48\x83\xec", 3))
		return size + (signed char)code[3];
	if (!starts_with(code, "\x48\x81\xec", 3))
		return size;
	memcpy(&immediate, code + 3, sizeof(immediate));
	return size + immediate;
}

/* Where a stub of the procedure linkage table goes on to; anything else is its own target. */
static uintptr_t through_stub(uintptr_t target)
{
	unsigned char code[16], *at = code;
	uintptr_t slot;
	int distance;

	if (!read_code(target, code, sizeof(code)))
		return target;
	if (starts_with(at, "\xf3\x0f\x1e\xfa", 4))
		at += 4;
	if (*at == 0xf2)
		at++;
	if (!starts_with(at, "\xff\x25", 2))
		return target;
	memcpy(&distance, at + 2, sizeof(distance));
	slot = target + (uintptr_t)(at + 6 - code) + (uintptr_t)(intptr_t)distance;
	return read_code(slot, &target, sizeof(target)) ? target : 0;
}

/* The target of the call instruction before a return address; ANY_TARGET; or 0: it is no call. */
static uintptr_t called_from(struct symbols *symbols, uintptr_t address)
{
	unsigned char code[8];
	uintptr_t target;
	int distance;

	if (symbol_libdw_module(symbols, address) == NULL ||
	    !read_code(address - 7, code, sizeof(code)))
		return 0;
	memcpy(&distance, code + 3, sizeof(distance));
	target = address + (uintptr_t)(intptr_t)distance;
	if (code[2] == 0xe8)
		return through_stub(target);
	if (code[1] == 0xff && code[2] == 0x15)
		return read_code(target, &target, sizeof(target)) ? target : 0;
	for (int start = 0; start <= 5; start++)
		if (code[start] == 0xff && (code[start + 1] & 0x38) == 0x10)
			return ANY_TARGET;
	return 0;
}

/* Is it the function itself, or one that ends by jumping there, as its part outside .part.0 does? */
static bool reaches(uintptr_t target, uintptr_t function)
{
	unsigned char code[128];
	int distance;

	if (target == function)
		return true;
	if (target <= ANY_TARGET || !read_code(target, code, sizeof(code)))
		return false;
	for (size_t i = 0; i + 5 <= sizeof(code); i++) {
		memcpy(&distance, code + i + 1, sizeof(distance));
		if (code[i] == 0xe9 && target + i + 5 + (uintptr_t)(intptr_t)distance == function)
			return true;
	}
	return false;
}

static bool is_frame(struct symbols *symbols, uintptr_t fp, uintptr_t function, bool sure)
{
	uintptr_t above, caller, target;

	if (!symbol_libdw_word(symbols, fp, &above) ||
	    !symbol_libdw_word(symbols, fp + sizeof(fp), &caller) || (above != 0 && above <= fp))
		return false;
	target = called_from(symbols, caller);
	return reaches(target, function) || (sure && target == ANY_TARGET);
}

bool symbol_libdw_frame_pointer(struct symbols *symbols, uintptr_t *fp)
{
	uintptr_t pc = symbols->pcs[symbols->count - 1] - (symbols->count > 1);
	Dwfl_Module *module = symbol_libdw_module(symbols, pc);
	uintptr_t sp = symbols->last_sp, function;
	unsigned char code[32];
	GElf_Off offset = 0;
	GElf_Sym symbol;

	if (module == NULL || !symbols->last_sp_known ||
	    dwfl_module_addrinfo(module, pc, &offset, &symbol, NULL, NULL, NULL) == NULL)
		return false;
	function = pc - (uintptr_t)offset;
	if (!read_code(function, code, sizeof(code)))
		return false;
	long size = frame_size(code);
	*fp = sp + (uintptr_t)size;
	if (size >= 0 && is_frame(symbols, *fp, function, true))
		return true;
	for (*fp = sp; *fp < sp + MAX_FRAME; *fp += sizeof(*fp))
		if (is_frame(symbols, *fp, function, false))
			return true;
	return false;
}

#else

/* On other machines libc's wrappers save the frame pointer together with the return address. */
bool symbol_libdw_frame_pointer(struct symbols *symbols, uintptr_t *fp)
{
	(void)symbols, (void)fp;
	return false;
}

#endif
