"""A small site as a stack: distribution, buckets, HTTP API, authorizer. Its function says what it was called with."""

import json
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.local.cloud.harness import Cloud

SITE = """
import json

def handler(event, context):
    said = {"route": event["routeKey"], "headers": event["headers"], "context": event["requestContext"]}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(said)}
"""
AUTHORIZER = """
def handler(event, context):
    print("asked")
    return {"isAuthorized": event["identitySource"][0] == "right", "context": {"account_id": "7"}}
"""
TEMPLATE = """
Parameters:
  Alias: {Type: String}
  Secret: {Type: String}
  SiteArn: {Type: String}
  AuthorizerArn: {Type: String}
  MediaPublicKeys: {Type: CommaDelimitedList}
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: !Ref Alias, ProtocolType: HTTP}
  Authorizer:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: api-key
      AuthorizerType: REQUEST
      AuthorizerPayloadFormatVersion: "2.0"
      EnableSimpleResponses: true
      AuthorizerUri:
        !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${AuthorizerArn}/invocations
      IdentitySource: [$request.header.X-API-Key]
      AuthorizerResultTtlInSeconds: 45
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !Ref SiteArn, PayloadFormatVersion: "2.0",
       TimeoutInMillis: 30000}
  Calls:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      {ApiId: !Ref Api, RouteKey: "ANY /v1/{proxy+}", AuthorizationType: CUSTOM, AuthorizerId: !Ref Authorizer,
       Target: !Sub "integrations/${Integration}"}
  Preflights:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: "OPTIONS /v1/{proxy+}", Target: !Sub "integrations/${Integration}"}
  Rest:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Sub "integrations/${Integration}"}
  ApiStage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: $default, AutoDeploy: true}
  SitePermission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref SiteArn
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*
  AuthorizerPermission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref AuthorizerArn
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/authorizers/${Authorizer}
  Domain:
    Type: AWS::ApiGatewayV2::DomainName
    Properties: {DomainName: !Ref Alias, DomainNameConfigurations: [{EndpointType: REGIONAL}]}
  Mapping:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Api, DomainName: !Ref Domain, Stage: !Ref ApiStage}
  Static: {Type: "AWS::S3::Bucket"}
  Media: {Type: "AWS::S3::Bucket"}
  MediaKeys:
    Type: AWS::CloudFront::KeyGroup
    Properties: {KeyGroupConfig: {Name: !Ref Alias, Items: !Ref MediaPublicKeys}}
  MediaPath:
    Type: AWS::CloudFront::Function
    Properties:
      Name: !Join ["-", !Split [".", !Ref Alias]]
      AutoPublish: true
      FunctionConfig: {Comment: cuts the prefix, Runtime: cloudfront-js-2.0}
      FunctionCode: function handler(event) { return event.request; }
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Aliases: [!Ref Alias]
        Origins:
          - Id: api
            DomainName: !GetAtt Domain.RegionalDomainName
            CustomOriginConfig: {OriginProtocolPolicy: https-only}
            OriginCustomHeaders: [{HeaderName: X-Origin-Secret, HeaderValue: !Ref Secret}]
          - {Id: static, DomainName: !GetAtt Static.RegionalDomainName, S3OriginConfig: {OriginAccessIdentity: ""}}
          - {Id: media, DomainName: !GetAtt Media.RegionalDomainName, S3OriginConfig: {OriginAccessIdentity: ""}}
        DefaultCacheBehavior:
          TargetOriginId: api
          ViewerProtocolPolicy: redirect-to-https
          AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]
        CacheBehaviors:
          - PathPattern: /static/*
            TargetOriginId: static
            ViewerProtocolPolicy: redirect-to-https
            AllowedMethods: [GET, HEAD]
          - PathPattern: /media/*
            TargetOriginId: media
            ViewerProtocolPolicy: redirect-to-https
            AllowedMethods: [GET, HEAD]
            TrustedKeyGroups: [!Ref MediaKeys]
            FunctionAssociations:
              - {EventType: viewer-request, FunctionARN: !GetAtt MediaPath.FunctionMetadata.FunctionARN}
  StaticPolicy:
    Type: AWS::S3::BucketPolicy
    Properties: {Bucket: !Ref Static, PolicyDocument: &readable {Statement: [
      {Effect: Deny, Principal: "*", Action: "s3:*", Resource: "*", Condition:
        {Bool: {"aws:SecureTransport": "false"}}},
      {Effect: Allow, Principal: {Service: cloudfront.amazonaws.com}, Action: "s3:GetObject", Resource: "*", Condition:
        {StringEquals: {"aws:SourceArn": !Sub "arn:aws:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}}}]}}
  MediaPolicy:
    Type: AWS::S3::BucketPolicy
    Properties: {Bucket: !Ref Media, PolicyDocument: *readable}
Outputs:
  Api: {Value: !Ref Api}
  Static: {Value: !Ref Static}
  Media: {Value: !Ref Media}
"""


class Site:
    """Deployed on creation, with one public key for its media."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.alias = f"{uuid4().hex[:8]}.example"
        self.key, self.key_id = self.make_key()
        self.site, self.authorizer = cloud.make_function(SITE), cloud.make_function(AUTHORIZER)
        logs = cloud.client("logs")
        logs.create_log_group(logGroupName=f"/aws/lambda/{self.authorizer}")
        stack = self.deploy("first", self.key_id)
        assert stack.status == "CREATE_COMPLETE", stack.reason
        self.outputs = stack.outputs

    def deploy(self, secret: str, keys: str) -> Any:
        arn = "arn:aws:lambda:ap-southeast-2:123456789012:function:"
        return self._cloud.deploy(
            self.alias.replace(".", "-"),
            TEMPLATE,
            Alias=self.alias,
            Secret=secret,
            SiteArn=arn + self.site,
            AuthorizerArn=arn + self.authorizer,
            MediaPublicKeys=keys,
        )

    def make_key(self) -> tuple[RSAPrivateKey, str]:
        """A new key, whose public half CloudFront knows by the id."""
        key = generate_private_key(65537, 2048)
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        config = {"CallerReference": uuid4().hex, "Name": uuid4().hex, "EncodedKey": pem}
        made = self._cloud.client("cloudfront").create_public_key(PublicKeyConfig=config)
        return key, made["PublicKey"]["Id"]

    def times_authorized(self) -> int:
        """How often the authorizer was asked."""
        events = self._cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{self.authorizer}")["events"]
        return [event["message"] for event in events].count("asked")

    def let_nobody_call(self) -> None:
        """Take API Gateway's permission away, as a deploy tool may."""
        functions = self._cloud.client("lambda")
        [statement] = json.loads(functions.get_policy(FunctionName=self.site)["Policy"])["Statement"]
        functions.remove_permission(FunctionName=self.site, StatementId=statement["Sid"])
