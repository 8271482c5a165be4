#if Server
  import DVLADiagnostics
  public import Logging

  /// Writes each message of a server to stderr, on one line: when, how important, what, and the
  /// values that belong to it.
  struct ServingLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(
      level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String,
      file: String, function: String, line: UInt
    ) {
      let values = self.metadata.merging(metadata ?? [:]) { $1 }
        .sorted { $0.key < $1.key }
        .map { " \($0.key)=\("\($0.value)".quotedInLog)" }
        .joined()
      let level = level.rawValue.padded(to: 7)
      Console.write(
        "\(UTCTime.now) \(level) \("\(message)".escapedMessage)\(values)\n", to: .error)
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
