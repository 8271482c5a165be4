import DVLADiagnostics
import DVLAMessagePack
import DVLANumPyMessages

extension FuzzTarget {
  /// What robots send.
  static let messages = [
    FuzzTarget("message") { (bytes) throws(WeightsError) in
      let value = try NumPyMessage.decode(bytes)
      for array in arrays(of: value) {
        let count = array.shape.reduce(1, *)
        demand(array.bytes.count == count * array.dtype.size, "the bytes of its shape: \(array)")
        if let numbers = try? array.doubles() {
          demand(numbers.count == count, "a number for each element: \(array)")
        }
        _ = try? array.text()
      }
      // What is sound is written so that it is read as the same; a scalar may grow, being written as
      // an array.
      let written = NumPyMessage.encode(value)
      let again = try NumPyMessage.decode(written)
      demand(NumPyMessage.encode(again) == written, "the message that is written to say the same")
    }
  ]

  private static func arrays(of value: NumPyValue) -> [NumPyArray] {
    switch value {
    case .array(let array): [array]
    case .list(let elements): elements.flatMap { arrays(of: $0) }
    case .map(let map): map.entries.flatMap { arrays(of: $0.value) }
    default: []
    }
  }
}
