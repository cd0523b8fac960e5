/* SPDX-License-Identifier: MIT */
/* decode_no_brotli.c - without libbrotlidec a body in br is a decode_error, and is not asked for. */
#include "http/decode.h"

const struct decoder *const decode_brotli = NULL;
