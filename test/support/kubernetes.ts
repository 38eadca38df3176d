type Models = Readonly<Record<string, new (data: unknown) => { validate(): void }>>;

/** A manifest as it is written in YAML. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [key: string]: unknown;
}

/** Whether this is a Kubernetes object. */
export function isManifest(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && 'apiVersion' in value && 'kind' in value;
}

/** Checks a manifest against Kubernetes' own schema of its kind. Throws what does not fit. */
export async function validate(manifest: Manifest): Promise<void> {
  const models = (await import(`kubernetes-models/${manifest.apiVersion}/${manifest.kind}`)) as Models;
  const Model = models[manifest.kind];
  if (Model === undefined) throw new Error(`Kubernetes knows no ${manifest.apiVersion} ${manifest.kind}`);
  new Model(manifest).validate();
}

/** A pod around a part of a container, as documents show it: `readinessProbe:`, `env:`. */
export function podWith(part: object): Manifest {
  const container = { name: 'app', image: 'app', ...part };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app' }, spec: { containers: [container] } };
}
