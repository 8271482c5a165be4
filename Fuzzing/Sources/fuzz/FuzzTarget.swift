import DVLADiagnostics

/// Something that reads bytes nobody vouches for. It may refuse them, and must not trap, hang, or
/// take more memory than they justify; where it takes them, what it made of them must hold.
struct FuzzTarget: Sendable {
  let name: String
  let run: @Sendable ([UInt8]) -> Void

  /// - Parameter read: throws for what is refused.
  init(_ name: String, _ read: @escaping @Sendable ([UInt8]) throws(WeightsError) -> Void) {
    self.name = name
    run = { bytes in
      do throws(WeightsError) { try read(bytes) } catch { Self.check(error) }
    }
  }

  /// The message is made of what the file says, and must be one printable line.
  static func check(_ error: WeightsError) {
    demand(!error.description.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a message of one line")
    demand(error.kind != .usage, "\(error.code.rawValue) blames the caller for the file")
  }

  static let all =
    formats + documents + pictures + bundles + signatures + messages + recordings
}

/// Ends the run, which libFuzzer reports as a crash with the bytes that made it.
func demand(_ isTrue: Bool, _ what: @autoclosure () -> String) {
  if !isTrue { fatalError("expected " + what()) }
}
