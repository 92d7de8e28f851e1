// The bytes of a request exactly as they came, for the routes that a signature is verified on, without any help from the
// host's main.ts: body parsers run before module middleware, so the reader is in place before Nest adds them.
// It refuses what is too large, too slow or too much at once while it streams, before anything was believed.
import { Logger } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBytes } from './byte-reader.js';
import type { ByteBudget, ReadOutcome } from './byte-reader.js';
