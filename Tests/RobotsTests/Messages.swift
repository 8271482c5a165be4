import DVLADiagnostics
import DVLAJSON
import DVLANumPyMessages
import Testing

@testable import DVLARobots

/// Messages made by hand.
enum Messages {
  static func picture(_ shape: Int...) -> NumPyValue {
    let count = shape.reduce(1, *)
    return .array(
      NumPyArray(
        dtype: NumPyType(.unsigned, size: 1), shape: shape,
        bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0) }))
  }

  static func floats(_ values: [Float], _ shape: Int...) -> NumPyValue {
    .array(NumPyArray(values, shape: shape))
  }

  static func doubles(_ values: [Double]) -> NumPyValue {
    .array(NumPyArray(values, shape: [values.count]))
  }

  /// A LIBERO observation with some of its values changed; nil takes a key out.
  static func libero(_ changes: (String, NumPyValue?)...) -> NumPyMap {
    var map: NumPyMap = [
      "observation/image": picture(4, 5, 3),
      "observation/wrist_image": picture(4, 5, 3),
      "observation/state": doubles([0, 1, 2, 3, 4, 5, 6, 7]),
      "prompt": .text("pick up the bowl"),
    ]
    for (key, value) in changes {
      _ = map.remove(key)
      if let value { map.append(key, value) }
    }
    return map
  }

  static func aloha(_ images: NumPyMap) -> NumPyMap {
    [
      "state": doubles([Double](repeating: 1, count: 14)), "images": .map(images),
      "prompt": .text("fold the towel"),
    ]
  }
}

/// The error that is expected: its code, and words that its message holds.
func expectRefusal<Result>(
  _ code: String, _ words: String..., from body: () throws(WeightsError) -> Result,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  do throws(WeightsError) {
    _ = try body()
    Issue.record("nothing was refused", sourceLocation: sourceLocation)
  } catch {
    #expect(error.code.rawValue == code, "\(error)", sourceLocation: sourceLocation)
    for word in words {
      #expect(
        error.description.contains(word), "\(error.description)", sourceLocation: sourceLocation)
    }
  }
}
