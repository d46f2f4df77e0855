// Signalling of the examples: one offer with its candidates is posted, the answer comes back.

import { Meters } from './media.js';

export async function connect(pc, role = '') {
  await pc.setLocalDescription();
  await gathered(pc, 1000);
  const response = await fetch('offer', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sdp: pc.localDescription.sdp, role }),
  });
  if (!response.ok) throw new Error(await response.text());
  const { sdp } = await response.json();
  await pc.setRemoteDescription({ type: 'answer', sdp });
}

/** Resolves when all candidates are known, or after a while: the program also answers checks from others. */
function gathered(pc, patience) {
  if (pc.iceGatheringState === 'complete') return undefined;
  return new Promise((resolve) => {
    setTimeout(resolve, patience);
    pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && resolve());
  });
}

/**
 * Shows a connection: its state, and what went wrong, in the element with the id `state`, and its media in `meters`. The console
 * has it as `pc`.
 */
export function watch(pc) {
  const element = document.querySelector('#state');
  const show = () => (element.textContent = element.dataset.state = pc.connectionState);
  pc.addEventListener('connectionstatechange', show);
  addEventListener('unhandledrejection', ({ reason }) => {
    element.textContent = reason?.message ?? String(reason);
    element.dataset.state = 'failed';
  });
  addEventListener('pagehide', () => pc.close());
  new Meters(pc, document.querySelector('#meters'));
  window.pc = pc;
  show();
}
