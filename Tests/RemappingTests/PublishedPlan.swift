import DVLATestSupport
import Synchronization

@testable import DVLARemapping

/// A published layout, recognised and planned once for all tests.
struct PublishedPlan {
  let expected: PublishedModel
  let inventory: LayoutInventory
  let model: Model
  let recognition: Recognition
  let plan: RemapPlan

  private static let known = Mutex<[String: PublishedPlan]>([:])

  /// - Parameter layout: the inventory's file name without its suffix.
  static func of(_ layout: String) throws -> PublishedPlan {
    if let known = known.withLock({ $0[layout] }) { return known }
    let plan = try PublishedPlan(layout)
    known.withLock { $0[layout] = plan }
    return plan
  }

  private init(_ layout: String) throws {
    guard let expected = PublishedModel(file: layout + ".json") else { throw NoSuchLayout() }
    self.expected = expected
    inventory = try LayoutInventory(file: layout + ".json")
    model = try Model(inventory.tensors)
    recognition = try model.recognise()
    plan = try model.plan(of: recognition, expected.given)
  }
}

struct NoSuchLayout: Error {}
