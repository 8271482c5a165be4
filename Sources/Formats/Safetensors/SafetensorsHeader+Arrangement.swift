import DVLADiagnostics
import DVLATensors

extension SafetensorsHeader {
  /// Sorts the entries by their data, and demands that they cover the data section exactly.
  ///
  /// Each range has the size its tensor needs and ends within `Int`, so once the ranges follow on
  /// one another no sum can overflow.
  static func arrange(
    _ entries: inout [SafetensorsEntry], dataByteCount: Int
  ) throws(WeightsError) {
    entries.sort { a, b in
      (a.range.lowerBound, a.range.upperBound, a.info.name)
        < (b.range.lowerBound, b.range.upperBound, b.info.name)
    }
    var covered = 0
    var previous: TensorName?
    for entry in entries {
      let range = entry.range
      if range.lowerBound > covered {
        throw hole(before: entry, from: covered, dataByteCount: dataByteCount)
      }
      if range.lowerBound < covered {
        throw WeightsError(
          .safetensorsOverlap, tensor: entry.info.name.string,
          "range \(range) overlaps \((previous?.string ?? "").quoted), which ends at \(covered)")
      }
      if !range.isEmpty { previous = entry.info.name }
      covered = range.upperBound
    }
    if covered > dataByteCount {
      let missing = entries.filter { $0.range.upperBound > dataByteCount }
      throw WeightsError(
        .safetensorsTruncated, tensor: missing.first?.info.name.string,
        "range \(missing.first?.range ?? 0..<0) leaves the data section of \(dataByteCount) bytes: "
          + "the file is \(covered - dataByteCount) bytes short, \(missing.count) of "
          + "\(entries.count) tensors are incomplete; download or copy it again")
    }
    if covered < dataByteCount {
      throw WeightsError(
        .safetensorsTrailingBytes,
        "\(dataByteCount - covered) bytes after the last tensor, expected the file to end with it")
    }
  }

  private static func hole(
    before entry: SafetensorsEntry, from start: Int, dataByteCount: Int
  ) -> WeightsError {
    if entry.range.upperBound > dataByteCount {
      return WeightsError(
        .safetensorsPastEnd, tensor: entry.info.name.string,
        "range \(entry.range) leaves the data section of \(dataByteCount) bytes")
    }
    return WeightsError(
      .safetensorsHole, tensor: entry.info.name.string,
      "range \(entry.range) leaves a hole: bytes \(start)..<\(entry.range.lowerBound) belong to "
        + "no tensor")
  }
}
