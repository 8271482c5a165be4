#if Server
  import DVLADiagnostics
  import Logging

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
      Console.write(
        "\(UTCTime.now) \(level) \("\(event.message)".escapedMessage)\(values)\n", to: .error)
    }
  }

  extension String {
    /// In quotes where it has a space, so that values can be told apart.
    fileprivate var quotedInLog: String {
      let text = escapedMessage
      return text.contains(" ") ? "\"\(text)\"" : text
    }

    fileprivate func padded(to width: Int) -> String {
      self + String(repeating: " ", count: max(0, width - count))
    }
  }
#endif
