/* SPDX-License-Identifier: MIT */
/* decode_no_zstd.c - without libzstd a body in zstd is a decode_error, and is not asked for. */
#include "http/decode.h"

const struct decoder *const decode_zstd = NULL;
