import DepthVLAWeights
import Synchronization

/// One line on a terminal that says how far long work is: bytes, rate and time left.
///
/// It appears after half a second, is redrawn five times a second, fits the terminal, and goes
/// when the work is done. Where stderr is no terminal there is none.
final class ProgressLine: Sendable {
  private struct State {
    var phase = ""
    var started = 0.0
    var drawn = 0.0
    var isVisible = false
  }

  private let state = Mutex(State())
  private let isTerminal = Console.isTerminal(.error)

  func update(_ progress: WorkProgress) {
    draw(progress.phase) { Self.line(progress, seconds: $0, width: $1) }
  }

  /// A search, in forwards and tenths of them.
  func update(_ progress: SearchProgress) {
    draw(progress.phase) { seconds, width in
      let (done, total) = (progress.done, max(progress.total, progress.done))
      var words = " \(Units.fixed(done, 1)) forwards"
      if total.isFinite { words += " of at most \(Units.fixed(total, 0))" }
      if done > 0, total.isFinite {
        words += "  at most \(Units.time(seconds / done * (total - done))) left"
      }
      let fraction = total.isFinite && total > 0 ? done / total : 0
      return Self.line(progress.phase, fraction: fraction, words: words, width: width)
    }
  }

  /// Work that is counted in things, not in bytes.
  func update(_ phase: String, done: Int, of total: Int, noun: String) {
    draw(phase) { seconds, width in
      let left = done > 0 ? seconds / Double(done) * Double(total - done) : 0
      let words = " \(done) of \(total) \(noun)  \(Units.time(left)) left"
      let fraction = Double(done) / Double(max(1, total))
      return Self.line(phase, fraction: fraction, words: words, width: width)
    }
  }

  private func draw(_ phase: String, _ line: (_ seconds: Double, _ width: Int) -> String) {
    guard isTerminal else { return }
    let now = monotonicSeconds()
    state.withLock { state in
      if state.phase != phase {
        state.phase = phase
        state.started = now
        state.drawn = now + 0.3
      }
      guard now - state.drawn >= 0.2 else { return }
      state.drawn = now
      state.isVisible = true
      Console.write("\r\u{1B}[K" + line(now - state.started, Console.width), to: .error)
    }
  }

  /// Takes the line away.
  func finish() {
    state.withLock { state in
      if state.isVisible { Console.write("\r\u{1B}[K", to: .error) }
      state.isVisible = false
      state.phase = ""
    }
  }

  static func line(_ progress: WorkProgress, seconds: Double, width: Int) -> String {
    let total = max(1, progress.totalByteCount)
    let fraction = min(1, Double(progress.doneByteCount) / Double(total))
    let rate = seconds > 0 ? Double(progress.doneByteCount) / seconds : 0
    let left = rate > 0 ? Double(total - progress.doneByteCount) / rate : 0
    var words =
      " \(Units.fixed(fraction * 100, 0))%  \(Units.bytes(progress.doneByteCount)) of "
      + "\(Units.bytes(total))  \(Units.bytes(Int(rate)))/s"
    if seconds >= 1, rate > 0 { words += "  \(Units.time(left)) left" }
    return line(progress.phase, fraction: fraction, words: words, width: width)
  }

  private static func line(
    _ phase: String, fraction: Double, words: String, width: Int
  ) -> String {
    let room = width - 1 - phase.count - words.count - 3
    guard room >= 5 else { return String((phase + words).prefix(max(0, width - 1))) }
    let cells = min(room, 30)
    let full = Int(Double(cells) * fraction)
    let bar = String(repeating: "#", count: full) + String(repeating: ".", count: cells - full)
    return "\(phase) [\(bar)]\(words)"
  }
}
