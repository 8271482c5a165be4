import DVLACDepthVLA
import DVLADiagnostics

// Every function of the interface runs in `boundary`, and all memory of the caller is reached by
// the functions of Arguments.swift and Outputs.swift, which check what can be checked. The
// invariant that the header asks of the caller: pointers that are not NULL point to as many
// elements as the argument beside them says, or to a text that ends with a zero, for the duration
// of the call.

/// Runs the body of a function of the interface.
///
/// - Returns: the status; the error in full goes to `error`, if the caller wants it.
func boundary(
  _ error: UnsafeMutablePointer<dvla_error>?, _ body: () throws(WeightsError) -> Void
) -> Int32 {
  guard dvla_process_may_use() else { return unsafe report(.processForked, to: error) }
  return onThreadOfThisProcess {
    do throws(WeightsError) {
      try body()
      // What is inside of a caller's structure is the caller's: no more is written than is read.
      unsafe error?.pointee.status = 0
      unsafe error?.pointee.code.0 = 0
      return 0
    } catch let failure {
      return unsafe report(failure, to: error)
    }
  }
}

private func report(
  _ failure: WeightsError, to target: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  if let target = unsafe target { unsafe failure.write(to: target) }
  return failure.kind.rawValue
}

extension WeightsError {
  fileprivate func write(to target: UnsafeMutablePointer<dvla_error>) {
    unsafe target.pointee.status = kind.rawValue
    unsafe copy(code.rawValue, to: &target.pointee.code)
    unsafe copy(description, to: &target.pointee.message)
    unsafe copy(file ?? "", to: &target.pointee.file)
    unsafe copy(tensor ?? "", to: &target.pointee.tensor)
    unsafe copy(
      Self.lines(details, room: MemoryLayout.size(ofValue: target.pointee.details) - 1),
      to: &target.pointee.details)
  }

  /// As many whole lines as there is room for, and how many there are beyond them.
  private static func lines(_ details: [String], room: Int) -> String {
    // For the line about the rest.
    let reserve = 40
    var text = ""
    for (index, line) in details.enumerated() {
      let isLast = index == details.count - 1
      let needed = text.utf8.count + line.utf8.count + 1 + (isLast ? 0 : reserve)
      let separator = text.isEmpty ? "" : "\n"
      guard needed <= room else {
        return text + separator + "… and \(details.count - index) more"
      }
      text += separator + line
    }
    return text
  }
}

/// Fills an array of C with a text and a zero. One that does not fit is cut between characters.
private func copy<Characters>(_ text: String, to target: inout Characters) {
  unsafe withUnsafeMutableBytes(of: &target) { bytes in
    var count = 0
    for scalar in text.unicodeScalars {
      // A zero would end the text.
      let encoded = UTF8.encode(scalar.value == 0 ? "\u{FFFD}" : scalar)
      guard let encoded, count + encoded.count < bytes.count else { break }
      for byte in encoded {
        unsafe bytes[count] = byte
        count += 1
      }
    }
    unsafe bytes[count] = 0
  }
}
