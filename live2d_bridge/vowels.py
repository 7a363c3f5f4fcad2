"""Which vowel a stretch of sound resembles, from the sound alone, for voices that do not say what they speak.

Nothing is learnt from recordings. The templates are spectra of a source and filter model of the vocal tract (Fant 1960; the
resonators in cascade after Klatt, JASA 67, 1980) set to the mean formants that Peterson and Barney measured (JASA 24, 1952),
for tracts and pitches of men, women and children. They pass through the same analysis as the sound: 30 ms Hann window →
power spectrum → 20 mel bands up to 4 kHz → cepstrum c1 … c11, the lowest two held back because they tell how bright the
voice is rather than what it says → softmax over the distances to the templates.

Invariant: weights are finite, in 0 … 1, and sum to at most 1; what is missing to 1 resembles a fricative.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

VOWELS = ("A", "I", "U", "E", "O")
WINDOW_MS = 30
LOWEST_RATE = 8_000
"""Hz; below it the second formant of I is out of reach."""

_BANDS, _CEPSTRUM, _LOW_HZ, _HIGH_HZ = 20, 12, 80.0, 4_000.0
_LIFTER = (1 / 3, 2 / 3)
_SPREAD = 1.5
"""Standard deviation of a cepstral coefficient around its template (natural log units): how soft the softmax is."""

_FORMANTS = {  # Peterson and Barney 1952, table II, men: F1, F2, F3 in Hz
    "A": ((730, 1090, 2440), (640, 1190, 2390)),
    "I": ((270, 2290, 3010),),
    "U": ((300, 870, 2240),),
    "E": ((530, 1840, 2480),),
    "O": ((570, 840, 2410),),
}
_HIGHER_FORMANTS = (3_500, 4_500)
_TRACTS = ((1.0, (100, 140)), (1.16, (180, 230)), (1.3, (260,)))
"""Formant scale over men's, with its pitches (Hz): about the ratios of the women's and children's means in the same table."""
_TILTS = (-6.0, -9.0)
"""dB per octave of source and radiation together: a clear voice and a soft one."""
_NOISE_SLOPES = (3.0, 6.0, 9.0)
"""dB per octave of a fricative's noise, below its peak."""


class VowelModel:
    """The analysis and its templates for one sample rate (Hz). ValueError below ``LOWEST_RATE``."""

    def __init__(self, sample_rate: int) -> None:
        if sample_rate < LOWEST_RATE:
            raise ValueError(f"vowels need a sample rate of at least {LOWEST_RATE} Hz, not {sample_rate}")
        self._step = max(1, sample_rate // 11_000)
        rate = sample_rate / self._step
        self._length = int(rate * WINDOW_MS / 1000)
        self.window = self._length * self._step
        """Samples of sound that one frame takes."""
        self._hann = np.hanning(self._length).astype(np.float32)
        self._bins = int(_HIGH_HZ * self._length / rate)
        self._bands = _mel_bands(self._bins, rate / self._length).repeat(2, axis=0).astype(np.float32)
        self._mean = np.full((self._length, 1), 1 / self._length, np.float32)
        self._set_templates(rate)

    def weights(self, frames: NDArray[np.int16]) -> Floats:
        """(n, window) samples → (n, 5) weights of A I U E O, whatever the loudness."""
        scores = self._log_bands(self._decimate(frames)) @ self._project
        scores += self._bias
        scores -= scores.max(axis=1, keepdims=True)
        classes = np.exp(scores, out=scores) @ self._classes
        return classes[:, :5] / classes[:, 5:]

    def _decimate(self, frames: NDArray[np.int16]) -> Floats:
        sound = frames[:, :: self._step].astype(np.float32)
        for offset in range(1, self._step):
            sound += frames[:, offset :: self._step]
        return sound

    def _log_bands(self, sound: Floats) -> Floats:
        sound -= sound @ self._mean
        sound *= self._hann
        spectrum = np.fft.rfft(sound)[:, : self._bins].view(np.float32)
        spectrum *= spectrum
        bands = spectrum @ self._bands
        bands += 1.0
        return np.log(bands, out=bands)

    def _set_templates(self, rate: float) -> None:
        """Distances as one product: |c − t|² is c·t and |t|² but for |c|², which the softmax does not see."""
        spoken = [_vowel_sounds(_FORMANTS[vowel], rate, self._length) for vowel in VOWELS]
        noises = _noise_spectra(np.arange(self._bins) * rate / self._length)
        bands = np.concatenate((self._log_bands(np.concatenate(spoken)), np.log(noises @ self._bands)))
        to_cepstrum = _cepstrum_matrix()
        templates = bands @ to_cepstrum
        self._project = (to_cepstrum @ templates.T / _SPREAD**2).astype(np.float32)
        self._bias = (-0.5 * (templates**2).sum(axis=1) / _SPREAD**2).astype(np.float32)
        members = np.repeat(np.eye(len(VOWELS) + 1), [*map(len, spoken), len(noises)], axis=0)
        members /= members.sum(axis=0)
        members[:, -1] = members.sum(axis=1)  # the last column sums over all classes, to divide by
        self._classes = members.astype(np.float32)


@lru_cache(maxsize=16)
def vowel_model(sample_rate: int) -> VowelModel:
    """The model for a sample rate, made when it is first asked for (a few ms)."""
    return VowelModel(sample_rate)


def _mel_bands(bins: int, hz_per_bin: float) -> NDArray[np.float64]:
    """(bins, bands) triangles of equal area, evenly spaced on the mel scale (O'Shaughnessy 1987).

    Each band also hears a thousandth of all the others, so that a dip between two harmonics is no deep hole in the log.
    """
    mel = np.linspace(1127 * np.log1p(_LOW_HZ / 700), 1127 * np.log1p(_HIGH_HZ / 700), _BANDS + 2)
    edges = 700 * np.expm1(mel / 1127)
    hz = (np.arange(bins) * hz_per_bin)[:, None]
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    bands = np.clip(np.minimum(rising, falling), 0, None)
    bands /= bands.sum(axis=0)
    return bands + 1e-3 * bands.mean(axis=1, keepdims=True)


def _cepstrum_matrix() -> NDArray[np.float64]:
    """(bands, 11) cosine transform without its constant term, so that loudness makes no difference."""
    order, band = np.arange(1, _CEPSTRUM), np.arange(_BANDS)[:, None]
    matrix = np.sqrt(2 / _BANDS) * np.cos(np.pi * order * (band + 0.5) / _BANDS)
    matrix[:, : len(_LIFTER)] *= _LIFTER
    return matrix


def _vowel_sounds(formants: tuple[tuple[int, ...], ...], rate: float, length: int) -> Floats:
    """(templates, length) sounds of one vowel from all tracts, at all pitches and tilts, as loud as speech."""
    sounds = [
        sound
        for of in formants
        for tract, pitches in _TRACTS
        for pitch in pitches
        for sound in _voiced(np.array((*of, *_HIGHER_FORMANTS)) * tract, pitch, rate, length)
    ]
    return np.array([sound / np.abs(sound).max() * 10_000 for sound in sounds], np.float32)


def _voiced(formants: NDArray[np.float64], pitch: float, rate: float, length: int) -> NDArray[np.float64]:
    """(tilts, length) samples of a steady vowel: harmonics of ``pitch`` under the response of the resonators."""
    harmonic = np.arange(1, int(rate / 2 / pitch))[:, None]
    hz = harmonic * pitch
    half = np.maximum(60, 0.05 * formants) / 2  # half the bandwidth, Hz
    gain = (formants**2 + half**2) / np.sqrt(((hz - formants) ** 2 + half**2) * ((hz + formants) ** 2 + half**2))
    amplitude = gain.prod(axis=1, keepdims=True) * harmonic ** (np.array(_TILTS) / 6.02)
    phase = 0.7 * harmonic**2  # spreads the energy over the period, as real voices do
    return amplitude.T @ np.cos(2 * np.pi * hz * np.arange(length) / rate + phase)


def _noise_spectra(hz: NDArray[np.float64]) -> Floats:
    """(templates, 2 × bins) spectra of hiss, with real and imaginary part beside each other."""
    power = [(hz + _LOW_HZ) ** (slope / 3.01) for slope in _NOISE_SLOPES]
    return np.repeat(power, 2, axis=1).astype(np.float32)
