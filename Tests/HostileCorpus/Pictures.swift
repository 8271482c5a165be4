import DVLAJSON
import DVLATestSupport

extension HostileCase {
  /// G: pictures that an independent writer (`Fixtures/generate/images.py`) damaged, with the
  /// codes it expects.
  static let pictures: [HostileCase] = {
    var list = CaseList(.image)
    let folder = "images/damaged/"
    let cases = (try? StrictJSON.parse(FixtureFolder.bytes(folder + "cases.json")))?.object
    for (name, code) in cases?.members ?? [] {
      list.add("G1", name, code.string, building: { try FixtureFolder.bytes(folder + name) })
    }
    for name in ["rgb8.png", "baseline-420.jpg", "progressive.jpg", "rgb8-trailing-bytes.png"] {
      list.add("G0", name, nil, building: { try FixtureFolder.bytes("images/" + name) })
    }
    return list.cases
  }()
}
