#if Server
  import DVLADiagnostics
  import DVLAParallelism
  import Logging
  import Synchronization

  /// Writes each message of a server to stderr, on one line: when, how important, what, and the
  /// values that belong to it.
  struct ServingLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let values = metadata.merging(event.metadata ?? [:]) { $1 }
        .sorted { $0.key < $1.key }
        .map { " \($0.key)=\("\($0.value)".quotedInLog)" }
        .joined()
      let level = event.level.rawValue.padded(to: 7)
      LogWriter.shared.write(
        "\(UTCTime.now) \(level) \("\(event.message)".escapedMessage)\(values)\n")
    }
  }

  /// Writes lines on a thread of its own: a terminal that is paused, or a pipe that nobody reads,
  /// must not stop a robot's server. What does not fit is dropped, and the log says how much.
  final class LogWriter: Sendable {
    static let shared = LogWriter()

    private struct State {
      var waiting = 0
      var dropped = 0
    }

    private static let limit = 1000
    private let state = Mutex(State())
    private let queue = TaskQueue(threads: 1)

    func write(_ line: String) {
      let isTaken = state.withLock { state in
        guard state.waiting < Self.limit else {
          state.dropped += 1
          return false
        }
        state.waiting += 1
        return true
      }
      guard isTaken else { return }
      _ = queue.add { [self] in
        let dropped = state.withLock { state in
          defer { state.dropped = 0 }
          return state.dropped
        }
        if dropped > 0 {
          Console.write("\(UTCTime.now) warning \(dropped) lines lost\n", to: .error)
        }
        Console.write(line, to: .error)
        state.withLock { $0.waiting -= 1 }
      }
    }

    /// Returns when everything is written, or after a second.
    func flush() {
      let end = ContinuousClock.now + .seconds(1)
      while state.withLock({ $0.waiting > 0 }), .now < end { Console.pause() }
    }
  }

  extension String {
    /// In quotes, as logfmt has it, where it could be taken for something else.
    fileprivate var quotedInLog: String {
      let text = escapedMessage
      let isPlain = text.unicodeScalars.allSatisfy { !["\"", "\\", "=", " "].contains($0) }
      guard !isPlain || text.isEmpty else { return text }
      return "\""
        + text.unicodeScalars.map { ["\"", "\\"].contains($0) ? "\\\($0)" : "\($0)" }.joined()
        + "\""
    }

    fileprivate func padded(to width: Int) -> String {
      self + String(repeating: " ", count: max(0, width - count))
    }
  }
#endif
