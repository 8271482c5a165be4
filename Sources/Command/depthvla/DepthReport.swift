import DVLADiagnostics
import DVLAFamilies
import DVLAHashing
import DVLAImages
import DVLAJSON
import DVLAPipelines
import DepthVLAWeights

/// The report of `run` on depth maps.
struct DepthReport {
  private let run: DepthRun
  private let bundle: String

  init(_ run: DepthRun, bundle: String) { (self.run, self.bundle) = (run, bundle) }

  /// - Parameter showsScale: whether the scale of 16-bit values is shown.
  func words(showsScale: Bool) -> String {
    var text = ""
    for picture in run.pictures {
      text += "\(picture.path.escapedForTerminal): \(picture.size.width) x \(picture.size.height) "
      text += "pixels, depth \(Units.fixed(Double(picture.minimum), 3)) to "
      text += Units.fixed(Double(picture.maximum), 3)
      text += run.stepsPerMetre == nil ? " (relative, larger is nearer)\n" : " m\n"
      for path in picture.outputs { text += "  wrote \(path.escapedForTerminal)\n" }
      if let (below, above) = picture.clipped, below + above > 0 {
        text += "  clipped to 16 bits: \(below) pixels below 0, \(above) above 65535\n"
      }
    }
    for error in run.skipped { text += "skipped \(error)\n" }
    if let steps = run.stepsPerMetre, showsScale {
      text += "16-bit values: \(DepthMap.words(stepsPerMetre: steps)) to a metre\n"
    }
    text += "products \(run.products)\n"
    let timing = run.timing
    text += "load \(Units.fixed(timing.load, 2)) s, read \(Units.fixed(timing.read, 2)) s, compute "
    text += "\(Units.fixed(timing.compute, 2)) s, write \(Units.fixed(timing.write, 2)) s\n"
    return text
  }

  var json: JSONValue {
    [
      "bundle": .string(bundle),
      "family": .string(Family.depthAnythingV2.rawValue),
      "root": .string(run.root.hex),
      "products": run.products.json,
      "meaning": run.stepsPerMetre == nil ? "relative" : "metres",
      "png16_steps_per_metre": run.stepsPerMetre.map { $0 >= 1 ? .integer(Int64($0)) : .number($0) }
        ?? .null,
      "images": .array(
        run.pictures.map { picture in
          [
            "path": .string(picture.path),
            "height": .integer(Int64(picture.size.height)),
            "width": .integer(Int64(picture.size.width)),
            "processed_height": .integer(Int64(picture.processedSize.height)),
            "processed_width": .integer(Int64(picture.processedSize.width)),
            "minimum": .number(Double(picture.minimum)),
            "maximum": .number(Double(picture.maximum)),
            "png16_below": picture.clipped.map { .integer(Int64($0.below)) } ?? .null,
            "png16_above": picture.clipped.map { .integer(Int64($0.above)) } ?? .null,
            "outputs": .array(picture.outputs.map(JSONValue.string)),
          ]
        }),
      "left_out": .array(run.skipped.map { .string($0.description) }),
      "seconds": [
        "load": .number(run.timing.load), "read": .number(run.timing.read),
        "compute": .number(run.timing.compute), "write": .number(run.timing.write),
      ],
    ]
  }
}
