import Glibc

/// How fast a stage and its peer ran, taken in turn so that both met the same machine.
///
/// One thread is timed by the processor time it took, so that other programs on the machine matter
/// little; several are timed by the clock.
struct Measurement {
  /// Of each round, in bytes a second.
  let rates: [Double]
  /// The stage's rate over the peer's of the same round.
  let ratios: [Double]

  /// Runs the stage and then the peer, round after round, each until a fifth of `seconds` is over.
  ///
  /// - Parameters:
  ///   - threads: how many the stage runs on.
  ///   - byteCount: what one call of the stage takes in.
  ///   - peerByteCount: likewise of the peer.
  static func take(
    seconds: Double, threads: Int, byteCount: Int, _ stage: () throws -> Void, peerByteCount: Int,
    peer: () throws -> Void
  ) rethrows -> Measurement {
    try stage()
    try peer()
    var (rates, ratios): ([Double], [Double]) = ([], [])
    for _ in 0..<5 {
      let rate = try time(seconds / 10, threads, stage) * Double(byteCount)
      let other = try time(seconds / 10, threads, peer) * Double(peerByteCount)
      rates.append(rate)
      ratios.append(rate / other)
    }
    return Measurement(rates: rates.sorted(), ratios: ratios.sorted())
  }

  /// Calls in a second, over at least that long.
  private static func time(
    _ seconds: Double, _ threads: Int, _ body: () throws -> Void
  ) rethrows -> Double {
    let clock = threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC
    let start = now(clock)
    var calls = 0.0
    repeat {
      try body()
      calls += 1
    } while now(clock) - start < seconds
    return calls / (now(clock) - start)
  }

  private static func now(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  var rate: Double { rates[rates.count / 2] }
  var ratio: Double { ratios[ratios.count / 2] }
}
