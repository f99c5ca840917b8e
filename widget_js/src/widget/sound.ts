/** Two soft tones. Made rather than fetched; where sound is not allowed nothing happens. */
export function chime(): void {
  try {
    const audio = new AudioContext();
    const volume = audio.createGain();
    volume.connect(audio.destination);
    volume.gain.setValueAtTime(0.08, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.5);
    for (const [pitch, delay] of [
      [660, 0],
      [880, 0.12],
    ] as const) {
      const tone = audio.createOscillator();
      tone.frequency.value = pitch;
      tone.connect(volume);
      tone.start(audio.currentTime + delay);
      tone.stop(audio.currentTime + 0.5);
      tone.onended = () => void audio.close();
    }
  } catch {
    // The badge says the same.
  }
}
