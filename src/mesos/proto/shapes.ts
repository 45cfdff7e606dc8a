// The master's events in memory, decoded from protobuf or parsed from JSON. Named as in the .proto files beside this
// one, which document the fields.

/** Not set: `undefined` in JSON, `null` (the prototype's default) in protobufjs messages. */
export type Unset = null | undefined;

/** An enum: its number in protobuf, its name in JSON. */
export type EnumShape = number | string;

/** Bytes: as they are in protobuf, base64 in JSON. */
export type BytesShape = Uint8Array | string;

/** A 64-bit integer: a `Long` in protobuf, a number in JSON. */
export type Int64Shape = number | { toNumber(): number };

/** `FrameworkID`, `AgentID`, `OfferID`, `TaskID`, `ExecutorID`. */
export type IdShape = {
  readonly value: string;
};

/** `Labels`. */
export type LabelsShape = {
  readonly labels?: readonly { readonly key: string; readonly value?: string | Unset }[] | Unset;
};

/** `Value.Ranges`. */
export type RangesShape = {
  readonly range?: readonly { readonly begin: Int64Shape; readonly end: Int64Shape }[] | Unset;
};

/** `Resource.ReservationInfo`. */
export type ReservationShape = {
  readonly type?: EnumShape | Unset;
  readonly role?: string | Unset;
  readonly principal?: string | Unset;
  readonly labels?: LabelsShape | Unset;
};

/** The value of a `Resource` or `Attribute`. */
export type ValueShape = {
  readonly scalar?: { readonly value: number } | Unset;
  readonly ranges?: RangesShape | Unset;
  readonly set?: { readonly item?: readonly string[] | Unset } | Unset;
  readonly text?: { readonly value: string } | Unset;
};

/** `Resource`. */
export type ResourceShape = ValueShape & {
  readonly name: string;
  /** Only from masters or for frameworks without RESERVATION_REFINEMENT. */
  readonly role?: string | Unset;
  readonly reservation?: ReservationShape | Unset;
  readonly reservations?: readonly ReservationShape[] | Unset;
  /** Their content does not matter: a resource with any of them is not used. */
  readonly disk?: object | Unset;
  readonly revocable?: object | Unset;
  readonly shared?: object | Unset;
  readonly "provider_id"?: IdShape | Unset;
  readonly "allocation_info"?: { readonly role?: string | Unset } | Unset;
};

/** `Unavailability`. */
export type UnavailabilityShape = {
  readonly start: { readonly nanoseconds: Int64Shape };
  readonly duration?: { readonly nanoseconds: Int64Shape } | Unset;
};

/** `Offer`. */
export type OfferShape = {
  readonly id: IdShape;
  readonly "agent_id": IdShape;
  readonly hostname: string;
  readonly resources?: readonly ResourceShape[] | Unset;
  readonly attributes?: readonly (ValueShape & { readonly name: string })[] | Unset;
  readonly "allocation_info"?: { readonly role?: string | Unset } | Unset;
  readonly domain?: {
    readonly "fault_domain"?: {
      readonly region: { readonly name: string };
      readonly zone: { readonly name: string };
    } | Unset;
  } | Unset;
  readonly unavailability?: UnavailabilityShape | Unset;
  readonly url?: { readonly address: AddressShape } | Unset;
};

/** `Address`. */
export type AddressShape = {
  readonly hostname?: string | Unset;
  readonly ip?: string | Unset;
  readonly port: number;
};

/** `InverseOffer`. */
export type InverseOfferShape = {
  readonly id: IdShape;
  readonly "agent_id"?: IdShape | Unset;
  readonly unavailability: UnavailabilityShape;
};

/** `TaskStatus`. */
export type TaskStatusShape = {
  readonly "task_id": IdShape;
  readonly state?: EnumShape | Unset;
  readonly message?: string | Unset;
  readonly source?: EnumShape | Unset;
  readonly reason?: EnumShape | Unset;
  readonly "agent_id"?: IdShape | Unset;
  /** Seconds since the epoch. */
  readonly timestamp?: number | Unset;
  readonly uuid?: BytesShape | Unset;
  readonly data?: BytesShape | Unset;
  readonly "container_status"?: ContainerStatusShape | Unset;
};

/** `ContainerStatus`: the addresses of a container. */
export type ContainerStatusShape = {
  readonly "network_infos"?:
    | readonly { readonly "ip_addresses"?: readonly { readonly "ip_address"?: string | Unset }[] | Unset }[]
    | Unset;
};

/** `Event.Subscribed`. */
export type SubscribedShape = {
  readonly "framework_id": IdShape;
  readonly "heartbeat_interval_seconds"?: number | Unset;
  readonly "master_info"?: {
    readonly id: string;
    readonly port?: number | Unset;
    readonly hostname?: string | Unset;
    readonly version?: string | Unset;
    readonly address?: AddressShape | Unset;
  } | Unset;
};

/** `scheduler.Event`. */
export type EventShape = {
  readonly type?: EnumShape | Unset;
  readonly subscribed?: SubscribedShape | Unset;
  readonly offers?: { readonly offers?: readonly OfferShape[] | Unset } | Unset;
  readonly "inverse_offers"?: { readonly "inverse_offers"?: readonly InverseOfferShape[] | Unset } | Unset;
  readonly rescind?: { readonly "offer_id": IdShape } | Unset;
  readonly "rescind_inverse_offer"?: { readonly "inverse_offer_id": IdShape } | Unset;
  readonly update?: { readonly status: TaskStatusShape } | Unset;
  readonly failure?: {
    readonly "agent_id"?: IdShape | Unset;
    readonly "executor_id"?: IdShape | Unset;
    readonly status?: number | Unset;
  } | Unset;
  readonly error?: { readonly message: string } | Unset;
};
