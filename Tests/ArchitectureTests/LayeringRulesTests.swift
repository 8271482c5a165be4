import Testing

/// Trees that break the rules, and what is said of them.
struct LayeringRulesTests {
  static let tensors = PackageManifest.Target(
    name: "DVLATensors", type: "regular", path: "Sources/Core/Tensors", dependencies: [])
  static let json = PackageManifest.Target(
    name: "DVLAJSON", type: "regular", path: "Sources/System/JSON",
    dependencies: ["DVLATensors", "DVLACJSONC"])
  static let jsonC = PackageManifest.Target(
    name: "DVLACJSONC", type: "system", path: "Sources/System/CJSONC", dependencies: [])

  func layering(_ changed: PackageManifest.Target...) -> Layering {
    let names = Set(changed.map(\.name))
    return Layering(
      [Self.tensors, Self.json, Self.jsonC].filter { !names.contains($0.name) } + changed)
  }

  @Test func soundTargetsHaveNoProblems() {
    #expect(layering().problemsOfTargets() == [])
    #expect(
      layering().problems(
        of: Self.json,
        importing: SourceImport.all(
          in: "internal import DVLACJSONC\npublic import DVLATensors\nimport Glibc\n", of: "F"))
        == [])
  }

  @Test func anArrowThatPointsUpIsFound() {
    var upward = Self.tensors
    upward.dependencies = ["DVLAJSON"]
    #expect(
      layering(upward).problemsOfTargets() == [
        "Package.swift: DVLATensors of layer Core uses DVLAJSON of System, a layer above it"
      ])
    #expect(
      layering(upward).problems(
        of: upward, importing: SourceImport.all(in: "\n@testable import DVLAJSON", of: "F.swift"))
        == ["F.swift:2: DVLATensors of layer Core uses DVLAJSON of System, a layer above it"])
  }

  @Test func anImportThatIsNotDeclaredIsFound() {
    let source = "// import DVLAJSON\nimport struct DVLAJSON.JSONValue\n"
    #expect(
      layering().problems(
        of: Self.tensors, importing: SourceImport.all(in: source, of: "F.swift")) == [
          "F.swift:2: DVLATensors imports DVLAJSON, which Package.swift does not declare as a "
            + "dependency"
        ])
  }

  @Test func aCTargetIsForItsFaceAlone() {
    let hashing = PackageManifest.Target(
      name: "DVLAHashing", type: "regular", path: "Sources/System/Hashing",
      dependencies: ["DVLACJSONC"])
    #expect(
      layering(hashing).problemsOfTargets() == [
        "Package.swift: DVLAHashing uses DVLACJSONC, which only DVLAJSON may"
      ])
  }

  @Test func aDependencyThatNothingImportsIsFound() {
    #expect(
      layering().unused(
        by: Self.json, importing: SourceImport.all(in: "import DVLACJSONC", of: "F"))
        == ["Package.swift: DVLAJSON depends on DVLATensors, which no file of it imports"])
  }

  @Test func namesAndPlacesAreChecked() {
    let images = PackageManifest.Target(
      name: "Images", type: "regular", path: "Sources/Media/Images", dependencies: [])
    let stray = PackageManifest.Target(
      name: "DVLAStray", type: "regular", path: "Sources/Stray", dependencies: [])
    let renamed = PackageManifest.Target(
      name: "DVLAFiles", type: "regular", path: "Sources/System/Storage", dependencies: [])
    #expect(
      layering(images, stray, renamed).problemsOfTargets() == [
        "Package.swift: the target Images lacks the prefix DVLA, so that a package with a target "
          + "of that name could not use ours",
        "Package.swift: DVLAStray is in Sources/Stray, which is not a folder of a layer",
        "Package.swift: DVLAFiles is in Sources/System/Storage, a folder of another name",
      ])
  }

  @Test func whatARobotUsesIsFollowedThroughOthers() {
    let runtime = PackageManifest.Target(
      name: "DepthVLARuntime", type: "regular", path: "Sources/Runtime/DepthVLARuntime",
      dependencies: ["DVLAJSON"])
    #expect(
      layering(runtime).everythingBelow("DepthVLARuntime")
        == ["DVLAJSON", "DVLATensors", "DVLACJSONC"])
  }

  @Test func testsMayUseEverythingAndNothingOfOursMayUseThem() {
    let support = PackageManifest.Target(
      name: "DVLATestSupport", type: "regular", path: "Tests/TestSupport",
      dependencies: ["DVLAJSON"])
    var user = Self.json
    user.dependencies.append("DVLATestSupport")
    #expect(layering(support).problemsOfTargets() == [])
    #expect(
      layering(support, user).problemsOfTargets() == [
        "Package.swift: DVLAJSON uses DVLATestSupport, which is for tests"
      ])
  }
}
