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

  func update(_ progress: Progress) {
    guard isTerminal else { return }
    let now = monotonicSeconds()
    state.withLock { state in
      if state.phase != progress.phase {
        state.phase = progress.phase
        state.started = now
        state.drawn = now + 0.3
      }
      guard now - state.drawn >= 0.2 else { return }
      state.drawn = now
      state.isVisible = true
      let line = Self.line(progress, seconds: now - state.started, width: Console.width)
      Console.write("\r\u{1B}[K" + line, to: .error)
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

  static func line(_ progress: Progress, seconds: Double, width: Int) -> String {
    let total = max(1, progress.totalByteCount)
    let fraction = min(1, Double(progress.doneByteCount) / Double(total))
    let rate = seconds > 0 ? Double(progress.doneByteCount) / seconds : 0
    let left = rate > 0 ? Double(total - progress.doneByteCount) / rate : 0
    var words =
      " \(Units.fixed(fraction * 100, 0))%  \(Units.bytes(progress.doneByteCount)) of "
      + "\(Units.bytes(total))  \(Units.bytes(Int(rate)))/s"
    if seconds >= 1, rate > 0 { words += "  \(Units.time(left)) left" }
    let room = width - 1 - progress.phase.count - words.count - 3
    guard room >= 5 else { return String((progress.phase + words).prefix(max(0, width - 1))) }
    let cells = min(room, 30)
    let full = Int(Double(cells) * fraction)
    let bar = String(repeating: "#", count: full) + String(repeating: ".", count: cells - full)
    return "\(progress.phase) [\(bar)]\(words)"
  }
}
