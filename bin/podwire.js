#!/usr/bin/env node
// The command itself is compiled from src/cli; this file only starts it.
import { main } from '../dist/cli/main.js'

process.exitCode = await main(process.argv.slice(2))
