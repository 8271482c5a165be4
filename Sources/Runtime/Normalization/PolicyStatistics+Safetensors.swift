import DVLADiagnostics
import DVLASafetensors
import DVLATensors

extension PolicyStatistics {
  /// The tensors of lerobot's normaliser, `FEATURE.FIELD`.
  static func parseSafetensors(_ contents: [UInt8]) throws(WeightsError) -> Parsed {
    let header = try SafetensorsHeader.parse(file: contents)
    let state = try feature(LeRobotKey.state, header, contents)
    let action = try feature(LeRobotKey.action, header, contents)
    guard state != nil || action != nil else {
      throw WeightsError(
        .statisticsFormat,
        "expected tensors such as \"\(LeRobotKey.state).mean\" and \"\(LeRobotKey.action).mean\", "
          + "found none")
    }
    return (.lerobot, state, action)
  }

  private static func feature(
    _ name: String, _ header: SafetensorsHeader, _ contents: [UInt8]
  ) throws(WeightsError) -> FeatureStatistics? {
    var fields: [FeatureStatistics.Field: [Double]] = [:]
    for field in FeatureStatistics.Field.allCases {
      let tensor = "\(name).\(field.rawValue)"
      guard let entry = header.entries.first(where: { $0.info.name.string == tensor }) else {
        continue
      }
      let range =
        header.dataStart + entry.range.lowerBound..<header.dataStart + entry.range.upperBound
      guard entry.info.shape.rank == 1, let values = entry.info.dtype.doubles(contents[range])
      else {
        throw WeightsError(
          .statisticsTensor, tensor: tensor,
          "expected F32 or F64 of one axis, found \(entry.info.dtype.rawValue) "
            + "\(entry.info.shape)")
      }
      fields[field] = values
    }
    if fields.isEmpty { return nil }
    do throws(WeightsError) {
      return try FeatureStatistics(fields)
    } catch {
      throw WeightsError(error.code, error.kind, "\(name), \(error.message)")
    }
  }
}
