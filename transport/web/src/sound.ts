// A short two-note beep. Browsers allow sound only after the person has done
// something on the page, so the first click or key unlocks it.

export class Beeper {
  private context: AudioContext | null = null;
  enabled: boolean;

  constructor(enabled: boolean) {
    this.enabled = enabled;
    const unlock = () => void this.audio()?.resume().catch(() => undefined);
    addEventListener("pointerdown", unlock, { once: true });
    addEventListener("keydown", unlock, { once: true });
  }

  play(): void {
    const audio = this.enabled ? this.audio() : null;
    if (!audio || audio.state !== "running") return;
    this.note(audio, 660, 0);
    this.note(audio, 880, 0.12);
  }

  private note(audio: AudioContext, frequency: number, after: number): void {
    const start = audio.currentTime + after;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.16);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.18);
  }

  private audio(): AudioContext | null {
    if (!this.context && typeof AudioContext === "function") this.context = new AudioContext();
    return this.context;
  }
}
